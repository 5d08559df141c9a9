import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    globalSetup: ['tests/servers/global-setup.ts'],
    setupFiles: ['tests/servers/worker-setup.ts'],
    pool: 'forks',
    maxWorkers: 2,
    // A first run fetches server programs; a test starts servers and client programs.
    testTimeout: 120_000,
    hookTimeout: 600_000,
    teardownTimeout: 60_000,
    // Node loads the sources as it does for a user, and its coverage figures fit them.
    experimental: { viteModuleRunner: false },
  },
});

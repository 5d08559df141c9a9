import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    // The first is torn down last: the figure of faults is the last thing said.
    globalSetup: ['tests/faults/global-setup.ts', 'tests/servers/global-setup.ts'],
    setupFiles: ['tests/servers/worker-setup.ts'],
    pool: 'forks',
    maxWorkers: 2,
    unstubEnvs: true,
    // A first run fetches server programs; a test starts servers and client programs.
    testTimeout: 120_000,
    hookTimeout: 600_000,
    teardownTimeout: 60_000,
    // Node loads the sources as it does for a user, and its coverage figures fit them.
    experimental: { viteModuleRunner: false },
  },
});

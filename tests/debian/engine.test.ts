import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { glob, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cgroupHierarchy, makeCgroup, removeCgroup } from './cgroup.ts';
import { baseImage, type PrivateEngine, privateEngine } from './engine.ts';
import { debianIsMissing } from './root.ts';

const missing = await debianIsMissing("Debian's own Docker engine", { withCgroup: true });

describe.skipIf(missing)('a Docker engine of the test’s own', () => {
  let engine: PrivateEngine;
  let hierarchy: string;

  beforeAll(async () => {
    hierarchy = (await cgroupHierarchy()) as string;
    engine = await privateEngine({});
  });
  afterAll(() => engine.end());

  const cgroupsOf = async (owner: number): Promise<string[]> =>
    (await readdir(hierarchy)).filter((name) => name.startsWith(`vya-test-${owner}-`));

  const dockerMounts = async (): Promise<string[]> =>
    (await readFile('/proc/self/mounts', 'utf8')).split('\n').filter((line) => line.includes('docker'));

  async function processesIn(cgroups: readonly string[]): Promise<string> {
    let processes = '';
    for (const cgroup of cgroups) {
      for await (const file of glob(`${cgroup}/**/cgroup.procs`, { cwd: hierarchy }))
        processes += await readFile(join(hierarchy, file), 'utf8');
    }
    return processes;
  }

  test('runs containers of a bare Debian, and has a network that reaches nobody else', async () => {
    const run = ['run', '--rm', '--network', 'host', baseImage];
    expect(await engine.docker(...run, 'cat', '/usr/lib/os-release')).toContain('VERSION_ID="12"');
    const devices = await engine.docker(...run, 'cat', '/proc/net/dev');
    expect([...devices.matchAll(/^ *(\w+):/gm)].map(([, name]) => name)).toEqual(['lo', 'docker0']);
    expect(await readlink(`/proc/${engine.pid}/ns/net`)).not.toBe(await readlink('/proc/self/ns/net'));
    await expect(engine.docker(...run, 'sh', '-c', 'echo refused >&2; exit 3')).rejects.toThrow('refused');
  });

  test('leaves nothing behind', async () => {
    const [cgroups, mounts] = [await cgroupsOf(process.pid), await dockerMounts()];
    const other = await privateEngine({});
    await other.docker('run', '--detach', '--network', 'none', baseImage, 'sleep', 'infinity');
    const more = (await cgroupsOf(process.pid)).filter((name) => !cgroups.includes(name));
    expect(await processesIn(more)).toMatch(/\d/);
    await other.end();
    expect(await cgroupsOf(process.pid)).toEqual(cgroups);
    expect(await dockerMounts()).toEqual(mounts);
  });

  test('ends with whoever started it, and so do its containers, even with one that is killed', async () => {
    const starting = `import { privateEngine } from ${JSON.stringify(join(import.meta.dirname, 'engine.ts'))};
      const engine = await privateEngine({});
      await engine.docker('run', '--detach', '--network', 'none', ${JSON.stringify(baseImage)}, 'sleep', 'infinity');
      console.log('running'); setInterval(() => {}, 1000);`;
    const starter = spawn(execPath, ['--input-type=module', '--eval', starting], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(starter.stdout, 'data');
    const cgroups = await cgroupsOf(starter.pid as number);
    expect(await processesIn(cgroups)).toMatch(/\d/);
    starter.kill('SIGKILL');
    await once(starter, 'close');
    await expect.poll(() => processesIn(cgroups), { timeout: 60_000 }).toBe('');
    // What is left of its cgroup goes with the next that is made.
    const afterNext = async (): Promise<string[]> => {
      await removeCgroup(await makeCgroup());
      return await cgroupsOf(starter.pid as number);
    };
    await expect.poll(afterNext, { timeout: 60_000 }).toEqual([]);
  });
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { access, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Enclosure } from './enclosure.ts';
import { cachedRoot, debianIsMissing, debianRoot } from './root.ts';

describe.skipIf(await debianIsMissing('a bare Debian'))('a bare Debian', () => {
  let root: Enclosure;

  beforeAll(async () => (root = await debianRoot()));
  afterAll(() => root.end());

  test('is whole, with its packages in order, and has neither Node nor a mirror', async () => {
    const release = await readFile(join(root.folder, 'usr/lib/os-release'), 'utf8');
    expect(release).toContain('VERSION_ID="12"');
    expect(await root.enter(['dpkg', '--audit'])).toEqual({ code: 0, stdout: '', stderr: '' });
    expect((await root.enter(['sh', '-c', 'command -v node'])).code).not.toBe(0);
    expect((await root.enter(['apt-get', 'indextargets'])).stdout).toBe('');
  });

  test('is shut in: its own processes, and a network that is loopback alone', async () => {
    const processes = await root.enter(['sh', '-c', 'cat /proc/[0-9]*/comm']);
    expect(processes.stdout.trim().split('\n')[0]).toBe('sleep');
    const devices = await root.enter(['cat', '/proc/net/dev']);
    expect(devices.stdout.match(/^ *(\w+):/gm)).toEqual(['    lo:']);
    const listening = `use IO::Socket::INET;
      IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 1) or die $!`;
    expect(await root.enter(['perl', '-e', listening])).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  test('is a copy: what is written inside does not reach the next', async () => {
    await writeFile(join(root.folder, 'etc/from-outside'), 'here');
    const { code, stdout } = await root.enter(
      ['sh', '-c', 'cat /etc/from-outside; tee /etc/inside; exit 7'],
      {
        input: ' and there',
      },
    );
    expect([code, stdout]).toEqual([7, 'here and there']);
    await expect(access(join(await cachedRoot([]), 'etc/inside'))).rejects.toThrow('ENOENT');
    const next = await debianRoot();
    try {
      expect((await next.enter(['ls', '/etc/inside', '/etc/from-outside'])).code).toBe(2);
    } finally {
      await next.end();
    }
  });

  test('ends with whoever started it, even one that is killed', async () => {
    const starting = `import { debianRoot } from ${JSON.stringify(join(import.meta.dirname, 'root.ts'))};
      console.log((await debianRoot()).pid); setInterval(() => {}, 1000);`;
    const starter = spawn(execPath, ['--input-type=module', '--eval', starting], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [said] = (await once(starter.stdout.setEncoding('utf8'), 'data')) as [string];
    const first = `/proc/${said.trim()}`;
    await access(`${first}/root/etc`);
    starter.kill('SIGKILL');
    await expect.poll(() => existsSync(first), { timeout: 60_000 }).toBe(false);
  });
});

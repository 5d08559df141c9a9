import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { extra } from '../servers/extras.ts';
import { type Completing, completing } from './completing.ts';
import { compiled } from './vya.ts';
import { fishOffers, startZsh, type ZshSession } from './interactive-shells.ts';

const fish = await extra('fish-r1', 'completion in fish');
const zsh = await extra('zsh-r1', 'completion in zsh');

/** What shells take for something else than a word. */
const awful = [
  'shop',
  'my shop; rm -rf $HOME',
  '日本',
  "it's",
  'a:b',
  String.raw`back\slash`,
  '"*?"',
  'a~b',
  '[x]{y}#',
];

const complaint = /error|not found|cannot|no such/i;

let place: Completing;
let path: string;
let env: Record<string, string>;

beforeAll(async () => {
  place = await completing([...awful, 'two\nlines']);
  ({ path, env } = place);
  env = { ...env, ...compiled };
});
afterAll(() => place.remove());

if (fish)
  describe('fish', () => {
    const offers = async (line: string, more: Record<string, string> = {}): Promise<string[]> => {
      const { words, complaints } = await fishOffers(fish, line, { ...env, ...more });
      expect(complaints).toBe('');
      return words;
    };

    test('offers commands, options and choices', async () => {
      expect(await offers('vya re')).toEqual(['report', 'restore']);
      expect(await offers('vya restore --target-')).toEqual(['--target-database', '--target-instance']);
      expect(await offers('vya --format ')).toEqual(expect.arrayContaining(['json', 'text']));
    });

    test('offers instances and their databases, quoted where fish would take a name for more than a word', async () => {
      expect(await offers('vya backup --instance ')).toEqual(['prod', 'prod-two']);
      expect(await offers('vya restore --instance prod-two --database ')).toEqual(['other']);
      const all = await offers('vya restore --instance prod --database ');
      expect(all.toSorted()).toEqual(awful.toSorted());
      expect(await offers("vya restore --instance prod --database 'my sh")).toEqual([
        'my shop; rm -rf $HOME',
      ]);
      expect(await offers('vya restore --id prod-two/')).toEqual(['prod-two/other/20260109T020000Z']);
    });

    test('offers files where vya has no word, and is silent about a configuration that cannot be read', async () => {
      const nowhere = { VYA_CONFIG_PATH: '/nowhere/config.yaml' };
      expect(await offers(`vya --config ${path}/conf`)).toEqual([`${path}/config.yaml`]);
      expect(await offers('vya backup --instance /nowh', nowhere)).toEqual([]);
      expect(await offers('vya no-such-command --x')).not.toContain('--target-database');
    });
  });

if (zsh)
  describe('zsh', () => {
    let session: ZshSession;
    beforeAll(async () => {
      session = await startZsh(zsh, env);
    });
    afterAll(() => session?.close());
    const completes = (line: string, tabs: number): Promise<string[]> => session.complete(line, tabs);

    test('completes commands, options and choices', async () => {
      expect(await completes('vya re', 3)).toEqual(['report', 'restore', 'report']);
      expect(await completes('vya restore --target-', 2)).toEqual(['--target-database', '--target-instance']);
      expect(await completes('vya --format js', 1)).toEqual(['json']);
    });

    test('completes instances and their databases, quoted where zsh would take a name for more than a word', async () => {
      expect(await completes('vya backup --instance ', 2)).toEqual(['prod', 'prod-two']);
      expect(await completes('vya restore --instance prod-two --database ', 1)).toEqual(['other']);
      const all = await completes('vya restore --instance prod --database ', awful.length + 1);
      expect(all.slice(0, -1).toSorted()).toEqual(awful.toSorted());
      expect(all.at(-1)).toBe(all[0]);
      expect(await completes('vya restore --id prod-two/', 1)).toEqual(['prod-two/other/20260109T020000Z']);
    });

    test('completes files where vya has no word', async () => {
      expect(await completes(`vya --config ${path}/conf`, 1)).toEqual([`${path}/config.yaml`]);
      expect(session.shown()).not.toMatch(complaint);
    });

    test('is silent about a configuration that cannot be read', async () => {
      const other = await startZsh(zsh, { ...env, VYA_CONFIG_PATH: '/nowhere/config.yaml' });
      expect(await other.complete('vya backup --instance zz', 1)).toEqual(['zz']);
      expect(other.shown()).not.toMatch(complaint);
      await other.close();
    });
  });

if (!fish && !zsh)
  test('neither shell is here, and that was said', () => expect([fish, zsh]).toEqual([undefined, undefined]));

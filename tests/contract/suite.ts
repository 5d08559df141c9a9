import { afterAll, beforeAll, describe } from 'vitest';
import { type Workspace, workspace } from '../cli/vya.ts';
import { loadSample, nextValues } from '../samples/samples.ts';
import type { ServerKind } from '../servers/kinds.ts';
import { serverIsMissing, startServer } from '../servers/servers.ts';
import { archiveCases } from './archives.ts';
import { choosingCases } from './choosing.ts';
import { backUp, type Contract, limited, sample } from './contract.ts';
import { damageCases } from './damage.ts';
import { dryRunCases } from './dry-run.ts';
import { exactCases } from './exact.ts';
import { fingerprint } from './fingerprint.ts';
import { nameCases } from './names.ts';
import { restoreCases } from './restoring.ts';
import { secondServerCases } from './second-server.ts';

/** Runs the same cases over one kind of server, driving the real command line. */
export async function contractSuite(kind: ServerKind): Promise<void> {
  const contract = { kind } as Contract;
  describe.skipIf(await serverIsMissing(kind))(`vya over ${kind}`, () => {
    beforeAll(async () => {
      const [server, second] = await Promise.all([startServer(kind), startServer(kind)]);
      Object.assign(contract, { server, second });
      await loadSample(server, sample);
      contract.space = await makeWorkspace(contract);
      contract.original = await fingerprint(server, sample);
      contract.backup = await backUp(contract, 'main');
      contract.next = await nextValues(server, sample);
    });
    afterAll(async () => {
      await Promise.all([contract.server?.stop(), contract.second?.stop(), contract.space?.remove()]);
    });
    restoreCases(contract);
    archiveCases(contract);
    dryRunCases(contract);
    damageCases(contract);
    exactCases(contract);
    choosingCases(contract);
    nameCases(contract);
    secondServerCases(contract);
  });
}

function makeWorkspace({ server, second }: Contract): Promise<Workspace> {
  const same = { server, settings: { databases: [sample], credential: 'main' } };
  return workspace({
    instances: [
      { id: 'main', server, settings: { databases: [sample] } },
      { ...same, id: 'socket', socket: true },
      { id: 'second', server: second, settings: { databases: [sample] } },
      {
        ...same,
        id: 'names',
        settings: { exclude_databases: [`${sample}*`, 'pick_*', 'choice_*'], credential: 'main' },
      },
      {
        ...same,
        id: 'chosen',
        settings: {
          databases: ['pick_*', 'choice_b[er]*', 'choice_absent'],
          exclude_databases: ['*_two'],
          credential: 'main',
        },
      },
      { id: 'limited', server, login: limited, settings: { databases: ['choice_*'] } },
    ],
    retention: { keep_within: '7d' },
  });
}

import { isMap, parseDocument, stringify } from 'yaml';
import { VyaError } from '../../errors.ts';

/** A server as the configuration file has it. */
export interface InstanceEntry {
  id: string;
  type: 'mysql' | 'postgresql';
  host?: string;
  socket?: string;
  port?: number;
  /** Logs in without a password. */
  user?: string;
  ssl?: { mode: string; ca?: string };
}

const heading = `# The configuration of vya: which servers are backed up, and where to.
# vya config schema, and the README's table, tell what else it can hold.
`;

/** A configuration of one server. */
export function newConfig(instance: InstanceEntry, basePath: string | undefined): string {
  const storage = basePath === undefined ? {} : { storage: { base_path: basePath } };
  return heading + stringify({ instances: [instance], ...storage }, { lineWidth: 0 });
}

/**
 * A configuration with one more server; comments and everything else stay as they are. One that names no server yet, as a package
 * leaves it, takes the storage, too.
 *
 * @throws VyaError `refused` where it has one of that name, `configuration` where there is no list to add to
 */
export function withInstance(
  text: string,
  instance: InstanceEntry,
  { path, storage }: { path: string; storage?: string | undefined },
): string {
  const document = parseDocument(text);
  const content = (document.toJS() ?? {}) as { instances?: { id?: unknown }[] | null };
  const found = content.instances ?? [];
  const isMapping = document.contents === null || isMap(document.contents);
  if (document.errors.length > 0 || !isMapping || !Array.isArray(found)) {
    throw new VyaError('configuration', `${path} has no list of instances to add to`, {
      hint: 'vya config validate tells what is wrong with it.',
    });
  }
  if (found.some(({ id }) => id === instance.id)) {
    throw new VyaError('refused', `${path} has an instance ${instance.id} already`, {
      hint: 'Give another --id, or change the file by hand.',
    });
  }
  if (found.length > 0) {
    document.addIn(['instances'], document.createNode(instance));
    return document.toString({ lineWidth: 0 });
  }
  // Behind the rest, because comments at the beginning belong to the file.
  if (storage !== undefined && document.contents !== null) document.setIn(['storage', 'base_path'], storage);
  const isBare = document.contents === null;
  if (!isBare) document.deleteIn(['instances']);
  const first = { instances: [instance], ...(isBare && storage ? { storage: { base_path: storage } } : {}) };
  const rest = isBare ? text : document.toString({ lineWidth: 0 });
  return `${rest.trimEnd()}\n\n${stringify(first, { lineWidth: 0 })}`;
}

/** The user whom a configuration names that need not be whole yet. */
export function runAsIn(text: string): string | undefined {
  const name = parseDocument(text).getIn(['security', 'run_as']);
  return typeof name === 'string' ? name : undefined;
}

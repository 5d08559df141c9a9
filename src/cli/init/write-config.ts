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
export function newConfig(instance: InstanceEntry, basePath: string): string {
  return heading + stringify({ instances: [instance], storage: { base_path: basePath } }, { lineWidth: 0 });
}

/**
 * A configuration with one more server; comments and everything else stay as they are.
 *
 * @throws VyaError `refused` where it has one of that name, `configuration` where there is no list to add to
 */
export function withInstance(text: string, instance: InstanceEntry, path: string): string {
  const document = parseDocument(text);
  const found = (document.toJS() as { instances?: { id?: unknown }[] } | null)?.instances;
  if (document.errors.length > 0 || !isMap(document.contents) || !Array.isArray(found)) {
    throw new VyaError('configuration', `${path} has no list of instances to add to`, {
      hint: 'vya config validate tells what is wrong with it.',
    });
  }
  if (found.some(({ id }) => id === instance.id)) {
    throw new VyaError('refused', `${path} has an instance ${instance.id} already`, {
      hint: 'Give another --id, or change the file by hand.',
    });
  }
  document.addIn(['instances'], document.createNode(instance));
  return document.toString({ lineWidth: 0 });
}

import { fieldsOf, type Field, type SchemaNode } from './json-schema.ts';

/** The table of every key as Markdown, for the README. */
export function referenceTable(schema: SchemaNode): string {
  const rows = fieldsOf(schema).map((field) => [
    `\`${field.path}\``,
    typeOf(field.node),
    defaultOf(field),
    field.node.description ?? '',
  ]);
  const lines = [['key', 'type', 'default', 'meaning'], ['---', '---', '---', '---'], ...rows];
  return lines
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`)
    .join('\n');
}

/** `table` in the place between the two markers of a Markdown text. Throws where the markers are missing. */
export function replaceReference(markdown: string, table: string): string {
  const [start, end] = ['<!-- config-reference:start -->', '<!-- config-reference:end -->'];
  const from = markdown.indexOf(start);
  const to = markdown.indexOf(end);
  if (from < 0 || to < from) throw new Error(`The text does not hold ${start} and ${end}.`);
  return `${markdown.slice(0, from + start.length)}\n\n${table}\n\n${markdown.slice(to)}`;
}

function defaultOf({ node, required }: Field): string {
  if (required) return '*required*';
  return node.default === undefined ? '' : `\`${JSON.stringify(node.default).replaceAll('"', '')}\``;
}

function typeOf(node: SchemaNode): string {
  if (node.enum) return choices(node.enum.map(String)).join(', ');
  if (node.anyOf) return 'duration';
  if (node.items) return node.items.items ? 'list of argument lists' : 'list of text';
  if (node.type === 'integer') return `whole number, ${node.minimum} to ${node.maximum}`;
  return node.type === 'boolean' ? 'true or false' : 'text';
}

/** One spelling where upper and lower case are both understood. */
function choices(values: readonly string[]): string[] {
  return values.filter((value) => value === value.toUpperCase() || !values.includes(value.toUpperCase()));
}

import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type Document,
  type ErrorCode,
  type Node,
  type YAMLError,
} from 'yaml';
import type { Problem } from './problems.ts';

/** A parsed file: its content as plain data, and the lines of its parts. */
export interface YamlFile {
  content: unknown;
  /** The line of the place that a path names, or of the nearest place above it; undefined when nothing of it is in the file. */
  lineOf(path: readonly PropertyKey[]): number | undefined;
}

/** Parses YAML 1.2 (and so JSON). What it cannot read is answered as problems with line and column. */
export function parseYaml(text: string): YamlFile | { problems: Problem[] } {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: true,
    logLevel: 'error',
  });
  // Warnings are about tags that nobody understands: their values would be something else than what was meant.
  const faults = [...document.errors, ...document.warnings];
  if (faults.length > 0) {
    const [first] = faults.map((fault) => ({ ...lines.linePos(fault.pos[0]), fault }));
    // What comes after the first is a consequence of it as a rule, and says so in other words.
    const { line = 1, col = 1, fault } = first ?? {};
    return { problems: [{ path: [], message: `line ${line}, column ${col}: ${inPlainWords(fault)}` }] };
  }
  try {
    // Through JSON, so that an alias is a copy: an override of one place must not change another.
    const content: unknown = JSON.parse(JSON.stringify(document.toJS() ?? {}));
    return { content, lineOf: (path) => lineOf(document, lines, path) };
  } catch (error) {
    return { problems: [{ path: [], message: error instanceof Error ? error.message : String(error) }] };
  }
}

const plain: Readonly<Partial<Record<ErrorCode, string>>> = {
  TAB_AS_INDENT: 'there is a tab; YAML is indented with spaces',
  BAD_INDENT: 'this is not indented like what it belongs to',
  MISSING_CHAR: 'this is not indented like what it belongs to, or a quote or bracket is missing',
  BLOCK_AS_IMPLICIT_KEY: 'there are two colons in one line; put a text that holds one in quotes',
  DUPLICATE_KEY: 'this key stands there twice',
};

function inPlainWords(fault: YAMLError | undefined): string {
  return (fault && plain[fault.code]) ?? fault?.message ?? 'it cannot be read';
}

function lineOf(
  document: Document.Parsed,
  lines: LineCounter,
  path: readonly PropertyKey[],
): number | undefined {
  let node: Node | null | undefined = document.contents;
  let line: number | undefined;
  for (const part of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(part));
      if (!pair) break;
      line = lineAt(pair.key as Node, lines) ?? line;
      node = pair.value as Node | null;
    } else if (isSeq(node) && typeof part === 'number') {
      node = node.items[part] as Node | undefined;
      line = lineAt(node, lines) ?? line;
    } else break;
  }
  return line;
}

function lineAt(node: Node | null | undefined, lines: LineCounter): number | undefined {
  return node?.range ? lines.linePos(node.range[0]).line : undefined;
}

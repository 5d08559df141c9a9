/** Bytes of stderr that are kept: the last lines say why a program failed. */
const limit = 4_096;
/** Bytes of one line that are kept: pg_dump quotes a query with the names of all tables after the error that counts. */
const lineLimit = 1_024;

/**
 * Keeps the end of a program's stderr for messages. It is always drained, because a full pipe stops the program,
 * and secrets and row data are taken out, because clients echo both (F35).
 */
export class StderrTail {
  private kept = Buffer.alloc(0);
  private cut = false;
  private readonly secrets: string[];
  private readonly keptOfLine: number;
  /** Bytes of the line that is being received. */
  private lineSize = 0;

  /** `secretContent`: the content of the program's secret file; its values are redacted wherever they appear. */
  constructor(secretContent?: string) {
    this.secrets = secretContent ? passwordsIn(secretContent) : [];
    // A secret must be whole to be found, also where a line is cut.
    this.keptOfLine = Math.max(
      lineLimit + 1,
      ...this.secrets.map((secret) => lineLimit + Buffer.byteLength(secret)),
    );
  }

  add(chunk: Buffer): void {
    const all = Buffer.concat([this.kept, ...this.cutLines(chunk)]);
    this.cut ||= all.length > limit;
    this.kept = this.cut ? all.subarray(-limit) : all;
  }

  private cutLines(chunk: Buffer): Buffer[] {
    const kept: Buffer[] = [];
    for (let at = 0; at < chunk.length;) {
      const lineEnd = chunk.indexOf(10, at);
      const end = lineEnd < 0 ? chunk.length : lineEnd;
      kept.push(chunk.subarray(at, Math.min(end, at + Math.max(0, this.keptOfLine - this.lineSize))));
      if (lineEnd >= 0) kept.push(chunk.subarray(lineEnd, lineEnd + 1));
      this.lineSize = lineEnd < 0 ? this.lineSize + end - at : 0;
      at = end + 1;
    }
    return kept;
  }

  text(): string {
    let text = this.kept.toString('utf8');
    for (const secret of this.secrets) text = text.replaceAll(secret, '[redacted]');
    return redactRows(text, this.cut)
      .map((line) => (line.length > lineLimit ? `${line.slice(0, lineLimit)}…` : line).trimEnd())
      .filter((line) => line !== '')
      .slice(-8)
      .join('\n');
  }
}

/** The values that a MySQL option file or a PostgreSQL password file hold, in every spelling that could be echoed. */
function passwordsIn(content: string): string[] {
  const found = new Set<string>();
  for (const line of content.split('\n')) {
    const option = /^password\s*=\s*"?(.*?)"?\s*$/.exec(line);
    const raw = option?.[1] ?? /:((?:[^:\\]|\\.)*)$/.exec(line)?.[1];
    if (!raw) continue;
    found.add(raw);
    found.add(raw.replaceAll(/\\(.)/g, '$1'));
  }
  // Very short ones would tear holes into every message without hiding anything.
  return [...found].filter((secret) => secret.length >= 4).sort((a, b) => b.length - a.length);
}

/** How a line begins that is a message of its own, and not more of what an earlier line quotes. */
const messageLine =
  /^(?:\S{1,60}: |ERROR \d+ \(|(?:ERROR|FATAL|PANIC|WARNING|NOTICE|DETAIL|HINT|CONTEXT|STATEMENT|QUERY|LINE \d+|Command was): )/;

/**
 * Takes out what clients quote from the data: failing rows, COPY contexts, statements with passwords or literals. What they quote
 * can have any number of lines. `cut`: the text's beginning is lost, so its first lines may belong to something quoted.
 */
function redactRows(text: string, cut: boolean): string[] {
  const lines: string[] = [];
  let quoting = cut;
  for (const line of redactValues(text).split('\n')) {
    if (messageLine.test(line)) quoting = false;
    if (quoting) continue;
    const [safe, quotes] = redactLine(line);
    lines.push(safe);
    quoting = quotes;
  }
  // Where nothing looks like a message, the last line is the reason more likely than a row.
  return lines.length > 0 ? lines : [text.trimEnd().split('\n').at(-1) ?? ''];
}

/** A line without what it quotes, and whether the quotation may go on in the next one. */
function redactLine(line: string): [safe: string, quotes: boolean] {
  const detail = /^.*\bDETAIL: /.exec(line);
  if (detail) return [`${detail[0]}[redacted]`, true];
  const copy = /^(?:.*\bCONTEXT: {2})?COPY [^:]*/.exec(line);
  if (copy) return [copy[0], true];
  // The statement's beginning names the object; literals, options and bodies come after it.
  const statement = /^.*\b(?:STATEMENT|Command was): [^'($=\n]{0,120}/.exec(line);
  if (statement) return [statement[0], true];
  if (/^(?:LINE \d+|QUERY): /.test(line))
    return [line.replaceAll(/'(?:[^']|'')*(?:'|$)/g, "'[redacted]'"), false];
  // The end of a long line is cut off, and the closing quote with it.
  return [line.replace(/((?:Duplicate entry|value:| near) )['"][^\]]*$/, '$1[redacted]'), false];
}

function redactValues(text: string): string {
  return text
    .replaceAll(/(Duplicate entry )'[^]*?'( for key)/g, '$1[redacted]$2')
    .replaceAll(/((?:Incorrect|Truncated incorrect) \S+ value: )'[^]*?'( for|$)/gm, '$1[redacted]$2')
    .replaceAll(/( near )'[^]*?'( at line \d)/g, '$1[redacted]$2')
    .replaceAll(
      /((?:invalid input (?:syntax|value) for|malformed|out of range)[^:"\n]*: )"[^]*?"$/gm,
      '$1[redacted]',
    )
    .replaceAll(/(value )"[^]*?"( is out of range)/g, '$1[redacted]$2')
    .replaceAll(/\b(PASSWORD|IDENTIFIED BY) +'(?:[^']|'')*'/gi, "$1 '[redacted]'");
}

/** Bytes of stderr that are kept: the last lines say why a program failed. */
const limit = 4_096;

/**
 * Keeps the end of a program's stderr for messages. It is always drained, because a full pipe stops the program,
 * and secrets and row data are taken out, because clients echo both (F35).
 */
export class StderrTail {
  private kept = Buffer.alloc(0);
  private readonly secrets: string[];

  /** `secretContent`: the content of the program's secret file; its values are redacted wherever they appear. */
  constructor(secretContent?: string) {
    this.secrets = secretContent ? passwordsIn(secretContent) : [];
  }

  add(chunk: Buffer): void {
    const all = Buffer.concat([this.kept, chunk]);
    this.kept = all.length > limit ? all.subarray(all.length - limit) : all;
  }

  text(): string {
    let text = this.kept.toString('utf8');
    for (const secret of this.secrets) text = text.replaceAll(secret, '[redacted]');
    return redactRows(text)
      .split('\n')
      .map((line) => line.trimEnd())
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

/** Takes out what clients quote from the data: failing rows, COPY contexts, statements with passwords or literals. */
function redactRows(text: string): string {
  return (
    text
      .replaceAll(/^(.*\bDETAIL: ).*$/gm, '$1[redacted]')
      .replaceAll(/^((?:.*\bCONTEXT: {2})?COPY [^:]*)(:.*)?$/gm, '$1')
      // The statement's beginning names the object; literals, options and bodies come after it.
      .replaceAll(/^(.*\b(?:STATEMENT|Command was): [^'($=\n]{0,120}).*$/gm, '$1')
      .replaceAll(/(Duplicate entry )'.*'( for key)/g, '$1[redacted]$2')
      .replaceAll(/((?:Incorrect|Truncated incorrect) \S+ value: )'.*?'( for|$)/gm, '$1[redacted]$2')
      .replaceAll(/\b(PASSWORD|IDENTIFIED BY) +'(?:[^']|'')*'/gi, "$1 '[redacted]'")
  );
}

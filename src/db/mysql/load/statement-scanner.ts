/** A piece of a statement's beginning. `quoted` ones keep their quotes, and are cut after some bytes. */
export interface HeadToken {
  kind: 'word' | 'quoted' | 'symbol';
  text: string;
  /** Which comment for some versions (`/*!50001`) it stands in, counted from the dump's beginning; 0: in none. */
  comment: number;
}

/** What a scanner tells of a dump. Any of these may throw, to end the scan. */
export interface ScanEvents {
  /** The very first token of a statement. */
  begin(first: HeadToken): void;
  /** The first tokens of a statement, up to `headLimit`; called once for each that has any. */
  statement(head: readonly HeadToken[]): void;
  /** Something in which servers and client programs do not read alike. */
  oddity(what: string): void;
}

export interface ScanOptions {
  /** Backslashes between quotes are plain characters: sql_mode NO_BACKSLASH_ESCAPES. */
  plainBackslashes: boolean;
}

/** More tokens of a statement than this are not told of. */
export const headLimit = 64;
const longestToken = 256;
/** Bytes that are held back from the end of a chunk, because what begins there can only be told by what follows. */
const lookahead = 512;

const [NEWLINE, DOUBLE, HASH, SINGLE, STAR, DASH, SLASH, BACKSLASH, BACKTICK] = [
  10, 34, 35, 39, 42, 45, 47, 92, 96,
] as const;
const isSpace = (byte: number): boolean => byte === 32 || (byte >= 9 && byte <= 13);
const isWord = (byte: number): boolean =>
  (byte >= 97 && byte <= 122) ||
  (byte >= 48 && byte <= 57) ||
  (byte >= 65 && byte <= 90) ||
  byte >= 128 ||
  byte === 95 ||
  byte === 36;

/** Every server that vya knows reads comments for versions up to this one. */
const servedByAll = 50_600;

/** How recent dumps of MariaDB begin (F24). */
const sandboxLine = Buffer.from('/*M!999999\\- enable the sandbox mode */');

/** Bytes outside of quotes that mean nothing once a statement's beginning is known. The first byte of DELIMITER does. */
const dull = Uint8Array.from({ length: 256 }, (_, byte) =>
  Number(
    isSpace(byte) ||
      (isWord(byte) && byte !== 68 && byte !== 100) ||
      '(),.+=<>:@!&|^~?%[]{}'.includes(String.fromCharCode(byte)),
  ),
);

type State = 'plain' | 'quoted' | 'line comment' | 'comment';

/**
 * Splits a dump into statements as the client programs do, chunk by chunk: a dump can be larger than any memory. Only the
 * beginnings of statements become tokens; rows are passed over as fast as bytes can be looked at.
 */
export class StatementScanner {
  options: ScanOptions = { plainBackslashes: false };
  private readonly events: ScanEvents;
  private rest: Buffer = Buffer.alloc(0);
  private state: State = 'plain';
  private quote = 0;
  private before: number = NEWLINE;
  private delimiter = Buffer.from(';');
  private head: HeadToken[] = [];
  private text = '';
  /** The comment for some versions that is open, or 0; and how many there have been. */
  private open = 0;
  private opened = 0;
  /** Whether every server reads what stands in it. */
  private certain = false;

  constructor(events: ScanEvents) {
    this.events = events;
  }

  /** Returns the bytes that have been looked at since the last call: the last ones of a chunk are with the next call's. */
  feed(chunk: Buffer): Buffer {
    const bytes = this.rest.length > 0 ? Buffer.concat([this.rest, chunk]) : chunk;
    const end = this.scan(bytes, Math.max(0, bytes.length - lookahead));
    if (end > 0) this.before = bytes[end - 1]!;
    this.rest = bytes.subarray(end);
    return bytes.subarray(0, end);
  }

  /** Looks at what is left, and returns it. */
  end(): Buffer {
    this.scan(this.rest, this.rest.length);
    if (this.state !== 'plain' || this.open > 0) this.events.oddity('an open quote or comment at its end');
    this.finishStatement();
    return this.rest;
  }

  private scan(bytes: Buffer, limit: number): number {
    let at = 0;
    while (at < limit) {
      if (this.state === 'quoted') at = this.passQuoted(bytes, at, limit);
      else if (this.state === 'line comment') at = this.passTo(bytes, at, limit, '\n');
      else if (this.state === 'comment') at = this.passTo(bytes, at, limit, '*/');
      else at = this.passPlain(bytes, at, limit);
    }
    return at;
  }

  private passPlain(bytes: Buffer, start: number, limit: number): number {
    let at = start;
    if (this.head.length >= headLimit) {
      const end = this.delimiter[0]!;
      while (at < limit && dull[bytes[at]!] === 1 && bytes[at] !== end) at += 1;
      if (at === limit) return at;
    }
    const byte = bytes[at]!;
    const next = bytes[at + 1];
    if (byte === this.delimiter[0] && this.isAt(bytes, at, this.delimiter)) {
      if (this.open > 0) this.events.oddity('a statement that ends within a comment');
      this.finishStatement();
      return at + this.delimiter.length;
    }
    if (isSpace(byte)) return at + 1;
    if (byte === SINGLE || byte === DOUBLE || byte === BACKTICK) {
      [this.state, this.quote, this.text] = ['quoted', byte, ''];
      return at + 1;
    }
    if (isWord(byte)) return this.word(bytes, at, limit);
    if (byte === SLASH && next === STAR) return this.openComment(bytes, at);
    if (byte === STAR && next === SLASH && this.open > 0) {
      this.open = 0;
      return at + 2;
    }
    const third = bytes[at + 2];
    if (byte === HASH || (byte === DASH && next === DASH && (third === undefined || third <= 32))) {
      if (this.open > 0) this.events.oddity('a comment within a comment');
      if (byte === DASH && third !== undefined && !isSpace(third)) this.events.oddity('a control character');
      this.state = 'line comment';
      return at + 1;
    }
    if (byte < 32 || byte === 127 || byte === BACKSLASH)
      this.events.oddity('a control character or backslash');
    this.token('symbol', String.fromCharCode(byte));
    return at + 1;
  }

  private word(bytes: Buffer, at: number, limit: number): number {
    let end = at + 1;
    while (end < limit + lookahead && isWord(bytes[end]!)) end += 1;
    const begins = !isWord((at > 0 ? bytes[at - 1] : this.before) ?? 0);
    if (begins && end - at === 9 && bytes.toString('latin1', at, end).toUpperCase() === 'DELIMITER') {
      const changed = this.changeDelimiter(bytes, at, end);
      if (changed !== undefined) return changed;
      this.events.oddity('DELIMITER within a statement');
    }
    if (this.head.length < headLimit) this.token('word', bytes.toString('latin1', at, end));
    return end;
  }

  /** `DELIMITER ;;` is a line of its own between statements. */
  private changeDelimiter(bytes: Buffer, at: number, end: number): number | undefined {
    const before = at > 0 ? bytes[at - 1] : this.before;
    if (this.head.length > 0 || before !== NEWLINE) return undefined;
    const line = /^[ \t]+(\S{1,16})[^\n]{0,64}(\n|$)/.exec(bytes.toString('latin1', end, end + 128));
    if (!line) return undefined;
    this.delimiter = Buffer.from(line[1]!, 'latin1');
    this.events.oddity('DELIMITER');
    return end + line[0].length;
  }

  private openComment(bytes: Buffer, at: number): number {
    if (bytes.subarray(at, at + sandboxLine.length).equals(sandboxLine)) return at + sandboxLine.length;
    const marker = /^\/\*M?!\d*/.exec(bytes.toString('latin1', at, at + 12))?.[0];
    if (this.open > 0) this.events.oddity('a comment within a comment');
    if (marker === undefined) {
      this.state = 'comment';
      return at + 2;
    }
    const version = Number(/\d+$/.exec(marker)?.[0] ?? 0);
    this.certain = !marker.includes('M') && version >= 1 && version <= servedByAll;
    this.open = this.opened += 1;
    return at + marker.length;
  }

  private passQuoted(bytes: Buffer, start: number, limit: number): number {
    const { quote } = this;
    const plain = this.options.plainBackslashes || quote === BACKTICK;
    let at = start;
    let closed = false;
    while (at < limit && !closed) {
      const byte = bytes[at]!;
      if (byte === quote && bytes[at + 1] !== quote) closed = true;
      else if (byte === quote || (byte === BACKSLASH && !plain)) at += 1;
      at += 1;
    }
    at = Math.min(at, bytes.length);
    const capture = this.head.length < headLimit;
    if (capture && this.text.length < longestToken) {
      this.text += bytes.toString('latin1', start, Math.min(at, start + longestToken));
    }
    if (this.open > 0 && !this.certain && bytes.subarray(start, at).includes('*/')) {
      this.events.oddity('the end of a comment between quotes within a comment');
    }
    if (!closed) return at;
    this.state = 'plain';
    if (capture) this.token('quoted', String.fromCharCode(quote) + this.text);
    return at;
  }

  private passTo(bytes: Buffer, at: number, limit: number, mark: '\n' | '*/'): number {
    const found = bytes.indexOf(mark, at);
    if (found < 0 || found >= limit) return limit;
    this.state = 'plain';
    return found + mark.length;
  }

  private token(kind: HeadToken['kind'], text: string): void {
    if (this.head.length >= headLimit) return;
    const token = { kind, text, comment: this.open };
    if (this.head.length === 0) this.events.begin(token);
    this.head.push(token);
    if (this.head.length === headLimit) this.events.statement(this.head);
  }

  private finishStatement(): void {
    if (this.head.length > 0 && this.head.length < headLimit) this.events.statement(this.head);
    this.head = [];
  }

  private isAt(bytes: Buffer, at: number, mark: Buffer): boolean {
    return mark.length === 1 || bytes.compare(mark, 0, mark.length, at, at + mark.length) === 0;
  }
}

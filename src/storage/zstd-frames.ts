/** RFC 8878, 3.1. */
const FRAME = 0xfd2fb528;
const SKIPPABLE = 0x184d2a50;
const RLE_BLOCK = 1;
const RESERVED_BLOCK = 3;
const CHECKSUM_BYTES = 4;

/** Bytes that are to be read together, or only passed over. */
type Wish = { take: number } | { pass: number };

/** The first bytes of a frame: where nothing but these is missing, all before is whole. */
const nextFrame: Wish = { take: 4 };

/** Names one wish after the other, and is given the bytes of each that it takes. It ends at what is no zstd data. */
type Walk = Generator<Wish, void, Buffer>;

/**
 * Follows zstd data by the headers of its frames and blocks, without decompressing it: whether it comes to its end. That costs next
 * to nothing where the data is read anyhow, and tells nothing of what is inside the blocks.
 */
export class ZstdFrames {
  readonly #walk: Walk = frames();
  #wish: Wish | undefined = nextFrame;
  #missing = 4;
  #taken: Buffer[] = [];
  #empty = true;

  constructor() {
    this.#walk.next();
  }

  /** The next bytes of the data, however it is cut. */
  add(chunk: Buffer): void {
    let rest = chunk;
    if (rest.length > 0) this.#empty = false;
    while (this.#wish && rest.length > 0) {
      const piece = rest.subarray(0, this.#missing);
      rest = rest.subarray(piece.length);
      this.#missing -= piece.length;
      // The reader uses its buffer again.
      if ('take' in this.#wish) this.#taken.push(Buffer.from(piece));
      while (this.#wish && this.#missing === 0) this.#grant();
    }
  }

  /** Whether all that was added is one whole frame, or several. */
  get whole(): boolean {
    return !this.#empty && this.#wish === nextFrame && this.#taken.length === 0;
  }

  #grant(): void {
    const next = this.#walk.next(Buffer.concat(this.#taken));
    this.#taken = [];
    this.#wish = next.done ? undefined : next.value;
    if (this.#wish) this.#missing = 'take' in this.#wish ? this.#wish.take : this.#wish.pass;
  }
}

function* frames(): Walk {
  for (;;) {
    const magic = (yield nextFrame).readUInt32LE();
    if (magic === FRAME) {
      if (!(yield* blocks(yield* header()))) return;
    } else if (magic - (magic % 16) === SKIPPABLE) {
      yield { pass: (yield { take: 4 }).readUInt32LE() };
    } else return;
  }
}

/** Passes over a frame's header. Answers with the bytes of checksum that follow after the last block. */
function* header(): Generator<Wish, number, Buffer> {
  const descriptor = (yield { take: 1 }).readUInt8();
  const singleSegment = (descriptor & 0b10_0000) !== 0;
  const window = singleSegment ? 0 : 1;
  const dictionary = [0, 1, 2, 4][descriptor & 0b11] as number;
  const contentSize = [singleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] as number;
  yield { pass: window + dictionary + contentSize };
  return (descriptor & 0b100) === 0 ? 0 : CHECKSUM_BYTES;
}

/** Passes over a frame's blocks and its checksum. False: there is one that no version of zstd writes. */
function* blocks(checksum: number): Generator<Wish, boolean, Buffer> {
  for (let last = false; !last;) {
    const field = (yield { take: 3 }).readUIntLE(0, 3);
    last = (field & 1) === 1;
    const type = (field >> 1) & 0b11;
    if (type === RESERVED_BLOCK) return false;
    yield { pass: type === RLE_BLOCK ? 1 : field >> 3 };
  }
  yield { pass: checksum };
  return true;
}

const HEADER = 4;

/** Cuts QEMU's stream of packets into single ones, each with its header: its length as a big-endian u32. */
export class PacketFrames {
  #rest: Buffer = Buffer.alloc(0);

  push(bytes: Buffer): Buffer[] {
    let rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    const frames: Buffer[] = [];
    while (rest.length >= HEADER) {
      const length = HEADER + rest.readUInt32BE(0);
      if (rest.length < length) break;
      frames.push(rest.subarray(0, length));
      rest = rest.subarray(length);
    }
    this.#rest = rest;
    return frames;
  }
}

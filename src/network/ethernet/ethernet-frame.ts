/**
 * A frame as QEMU writes it on a stream: its length in four bytes, big-endian, then the Ethernet frame
 * without its checksum (QEMU, net/stream.c). Both parts are forwarded together, which saves splitting and
 * joining them.
 */
export type StreamFrame = Buffer;

export const LENGTH_BYTES = 4;
/** Two addresses and a type. */
export const ETHERNET_HEADER_BYTES = 14;
/** QEMU's own buffer for a frame (NET_BUFSIZE in its include/net/net.h). */
export const LONGEST_FRAME = 4096 + 65_536;

const ADDRESS_BYTES = 6;

/** Six characters, one for each byte: a map key, not for display. */
export type HardwareAddress = string;

export function destinationOf(frame: StreamFrame): HardwareAddress {
  return frame.toString('latin1', LENGTH_BYTES, LENGTH_BYTES + ADDRESS_BYTES);
}

export function sourceOf(frame: StreamFrame): HardwareAddress {
  return frame.toString('latin1', LENGTH_BYTES + ADDRESS_BYTES, LENGTH_BYTES + 2 * ADDRESS_BYTES);
}

/** True for multicast and broadcast addresses. */
export function isGroup(address: HardwareAddress): boolean {
  return (address.charCodeAt(0) & 1) === 1;
}

/** @param text such as 52:54:00:12:34:56. */
export function parseHardwareAddress(text: string): HardwareAddress {
  return Buffer.from(text.replaceAll(':', ''), 'hex').toString('latin1');
}

/** @param ethernet a frame that is complete but for its length. */
export function streamFrame(ethernet: Uint8Array): StreamFrame {
  const frame = Buffer.alloc(LENGTH_BYTES + ethernet.length);
  frame.writeUInt32BE(ethernet.length);
  frame.set(ethernet, LENGTH_BYTES);
  return frame;
}

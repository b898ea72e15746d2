import { type Frame, FrameType, PROTOCOL_VERSION, encodeFrame } from './agent-frame.ts';

const NONCE_SIZE = 8;
const HELLO_SIZE = 24;
const REASONS = ['answer', 'started', 'connected', 'garbage'] as const;
const ROLES = ['init', 'service', 'socket'] as const;

/** Why the agent sent a hello: as an answer, or because earlier state is lost. */
export type HelloReason = (typeof REASONS)[number];
export type AgentRole = (typeof ROLES)[number];

export interface Hello {
  readonly nonce: Buffer;
  /** The negotiated version; 0 when there is none in common. */
  readonly version: number;
  readonly supported: { readonly lowest: number; readonly highest: number };
  readonly reason: HelloReason;
  readonly role: AgentRole;
  /** Milliseconds since the guest's kernel started. */
  readonly uptimeMs: number;
}

/** Begins a session. The agent's hello repeats the 8-byte `nonce`, which distinguishes it from an earlier session's. */
export function encodeOpen(nonce: Buffer): Buffer {
  const payload = Buffer.alloc(NONCE_SIZE + 4);
  nonce.copy(payload);
  payload.writeUInt16LE(PROTOCOL_VERSION, NONCE_SIZE);
  payload.writeUInt16LE(PROTOCOL_VERSION, NONCE_SIZE + 2);
  return encodeFrame(FrameType.open, 0, 0, payload);
}

/** Returns undefined when the payload is too short or has unknown values. */
export function decodeHello({ payload }: Frame): Hello | undefined {
  if (payload.length < HELLO_SIZE) return undefined;
  const reason = REASONS[payload.readUInt8(14)];
  const role = ROLES[payload.readUInt8(15)];
  if (reason === undefined || role === undefined) return undefined;
  return {
    nonce: Buffer.from(payload.subarray(0, NONCE_SIZE)),
    version: payload.readUInt16LE(8),
    supported: { lowest: payload.readUInt16LE(10), highest: payload.readUInt16LE(12) },
    reason,
    role,
    uptimeMs: Number(payload.readBigUInt64LE(16)) / 1e6,
  };
}

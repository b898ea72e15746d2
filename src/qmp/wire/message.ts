import * as z from 'zod';
import type { JsonObject } from './lossless-json.ts';

/** QEMU's first message (qmp-spec: "Server Greeting"). */
const greetingSchema = z.object({
  QMP: z.object({
    version: z.object({
      qemu: z.object({ major: z.int(), minor: z.int(), micro: z.int() }),
      package: z.string(),
    }),
    capabilities: z.array(z.string()),
  }),
});

/** The greeting of a QMP server. */
export type QmpGreeting = z.infer<typeof greetingSchema>['QMP'];

export interface ErrorReply {
  readonly class: string;
  readonly desc: string;
}

export type Message =
  | { readonly kind: 'greeting'; readonly greeting: QmpGreeting }
  | { readonly kind: 'return'; readonly id: unknown; readonly value: unknown }
  | { readonly kind: 'error'; readonly id: unknown; readonly error: ErrorReply }
  | { readonly kind: 'event'; readonly event: ReceivedEvent };

export interface ReceivedEvent {
  readonly event: string;
  readonly data: JsonObject;
  readonly timestamp: { readonly seconds: number; readonly microseconds: number };
}

/** A message has one of these keys. */
const KINDS = ['return', 'event', 'error', 'QMP'];

/** Replies are parsed by hand: zod would cost more than the rest of a round trip. */
export function readMessage(raw: JsonObject): Message | undefined {
  if (KINDS.filter((kind) => kind in raw).length !== 1) return undefined;
  if ('return' in raw) return { kind: 'return', id: raw['id'], value: raw['return'] };
  if ('event' in raw) return readEvent(raw);
  if ('error' in raw) {
    const error = raw['error'] as Partial<ErrorReply> | null;
    if (typeof error?.class !== 'string' || typeof error.desc !== 'string') return undefined;
    return { kind: 'error', id: raw['id'], error: { class: error.class, desc: error.desc } };
  }
  const greeting = greetingSchema.safeParse(raw);
  return greeting.success ? { kind: 'greeting', greeting: greeting.data.QMP } : undefined;
}

function readEvent(raw: JsonObject): Message | undefined {
  // QEMU sends -1 for both if it has no clock; a missing timestamp is treated the same.
  const { event, data = {}, timestamp = {} } = raw;
  if (typeof event !== 'string' || !isObject(data) || !isObject(timestamp)) return undefined;
  const { seconds = -1, microseconds = -1 } = timestamp;
  if (!Number.isInteger(seconds) || !Number.isInteger(microseconds)) return undefined;
  return {
    kind: 'event',
    event: { event, data, timestamp: { seconds, microseconds } as ReceivedEvent['timestamp'] },
  };
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

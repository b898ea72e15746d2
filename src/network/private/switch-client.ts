import { once } from 'node:events';
import { Socket } from 'node:net';
import * as z from 'zod';
import { SwitchRequestError, TimedOutError, isSystemError } from '../../errors/index.ts';
import type { Limits } from '../../util/time/deadline.ts';
import { withinLimits } from '../../util/time/deadline.ts';
import { onAbort } from '../../util/time/on-abort.ts';
import type { NetworkFiles } from './network-shelf.ts';

/** Version of native/switch/PROTOCOL.md. */
const VERSION = 1;
const ANSWER_MS = 10_000;
/** Longer than the list of 256 ports. */
const LONGEST_ANSWER = 1024 * 1024;

const answerSchema = z.union([
  z.object({ result: z.unknown() }),
  z.object({ error: z.object({ code: z.string(), message: z.string() }) }),
]);

const portSchema = z.object({
  name: z.string(),
  mac: z.string(),
  framesSent: z.number(),
  bytesSent: z.number(),
  framesReceived: z.number(),
  bytesReceived: z.number(),
  dropped: z.number(),
  lost: z.number(),
  blocked: z.number(),
  rejected: z.number(),
  queued: z.number(),
});

const stateSchema = z.object({ pid: z.number(), ports: z.array(portSchema) });

/** A running switch: its process, and a port for each member that is plugged in. Sent and received are by the member. */
export type SwitchState = Readonly<z.infer<typeof stateSchema>>;

interface Place {
  readonly network: string;
  readonly files: Pick<NetworkFiles, 'socket'>;
}

/** Returns the state of a network's switch; undefined when none is running. @throws SwitchRequestError */
export async function readSwitch(place: Place, limits: Limits = {}): Promise<SwitchState | undefined> {
  const result = await request(place, 'list', limits);
  if (result === undefined) return undefined;
  const state = stateSchema.safeParse(result);
  if (state.success) return state.data;
  throw invalid(place, state.error);
}

/** Makes a running switch read its table again. @throws SwitchRequestError for an invalid table. */
export async function reloadSwitch(place: Place, limits: Limits = {}): Promise<void> {
  await request(place, 'reload', limits);
}

/** Ends a running switch without ports. @throws SwitchRequestError with the reason `in-use`. */
export async function endSwitch(place: Place, limits: Limits = {}): Promise<void> {
  await request(place, 'end', limits);
}

/**
 * Begins a capture of a running switch's frames.
 * @param member captures only frames that it sends and receives.
 * @returns the stream of the pcap file, which ends with the switch, or after a whole frame when the signal aborts; undefined
 *   when none is running.
 */
export async function openCapture(
  place: Place,
  member: string | undefined,
  limits: Limits = {},
): Promise<AsyncIterable<Buffer> | undefined> {
  const socket = await connect(place, limits);
  if (!socket) return undefined;
  const begun = await ask(place, socket, ['capture', ...(member === undefined ? [] : [member])], limits);
  socket.unshift(begun.rest);
  if (limits.signal) {
    let patience: NodeJS.Timeout | undefined;
    const finish = (): void => {
      // The switch then sends the rest of what it has, and ends; one that hangs does not.
      socket.end();
      patience = setTimeout(() => socket.destroy(), ANSWER_MS);
    };
    const forget = onAbort(limits.signal, finish);
    socket.once('close', () => {
      forget();
      clearTimeout(patience);
    });
  }
  return socket as AsyncIterable<Buffer>;
}

/** @returns the result; undefined when no switch is running. */
async function request(place: Place, words: string, limits: Limits): Promise<unknown> {
  const socket = await connect(place, limits);
  if (!socket) return undefined;
  try {
    return (await ask(place, socket, [words], limits)).result;
  } catch (error) {
    // It has just ended.
    if (isSystemError(error, 'EPIPE', 'ECONNRESET')) return undefined;
    throw error;
  } finally {
    socket.destroy();
  }
}

async function connect({ files }: Place, { signal }: Limits): Promise<Socket | undefined> {
  const socket = new Socket();
  try {
    socket.connect(files.socket);
    await once(socket, 'connect', { signal });
    return socket;
  } catch (error) {
    socket.destroy();
    // Reset: it ended before it accepted.
    if (isSystemError(error, 'ENOENT', 'ENOTDIR', 'ECONNREFUSED', 'ECONNRESET')) return undefined;
    throw error;
  }
}

async function ask(
  place: Place,
  socket: Socket,
  words: readonly string[],
  { signal, timeoutMs = ANSWER_MS }: Limits,
): Promise<{ readonly result: unknown; readonly rest: Buffer }> {
  socket.write(`${[VERSION, ...words].join(' ')}\n`);
  const waiting = `waiting for the virtual switch of network "${place.network}" to answer`;
  const { line, rest } = await withinLimits(waiting, readLine(socket), { signal, timeoutMs }).catch(
    (error: unknown) => {
      socket.destroy();
      if (!(error instanceof TimedOutError)) throw error;
      throw new TimedOutError(waiting, timeoutMs, {
        hint: 'try again; if the switch still does not answer, kill its process (vmlet-switch); running machines then start a new switch',
        cause: error,
      });
    },
  );
  const answer = answerSchema.safeParse(parsed(line));
  if (!answer.success) throw invalid(place, answer.error);
  if ('error' in answer.data) {
    socket.destroy();
    const { code, message } = answer.data.error;
    throw new SwitchRequestError(place.network, code, `rejected the request: ${message}`, {
      // vmlet writes the table, which only a switch of another release does not understand.
      ...((code === 'version' || code === 'table') && {
        hint: 'stop all machines in this network, wait 5 s, and start them again: the virtual switch was started by another release of vmlet',
      }),
    });
  }
  return { result: answer.data.result, rest };
}

/** Reads one line, and stops reading behind it. */
async function readLine(socket: Socket): Promise<{ readonly line: string; readonly rest: Buffer }> {
  let held = Buffer.alloc(0);
  return new Promise((resolve, reject) => {
    const settle = (work: () => void): void => {
      socket.off('data', take).off('end', ended).off('error', failed);
      work();
    };
    const take = (chunk: Buffer): void => {
      held = Buffer.concat([held, chunk]);
      const end = held.indexOf(10);
      if (end < 0 && held.length < LONGEST_ANSWER) return;
      socket.pause();
      settle(() =>
        resolve({ line: held.toString('utf8', 0, Math.max(end, 0)), rest: held.subarray(end + 1) }),
      );
    };
    const ended = (): void =>
      settle(() =>
        reject(
          Object.assign(new Error('the virtual switch of the network has ended'), { code: 'ECONNRESET' }),
        ),
      );
    const failed = (error: Error): void => settle(() => reject(error));
    socket.on('data', take).once('end', ended).once('error', failed);
  });
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    // Reported as an answer of the wrong form.
    return undefined;
  }
}

function invalid({ network }: Place, cause: unknown): SwitchRequestError {
  return new SwitchRequestError(network, 'answer', 'sent an invalid answer', {
    hint: 'stop all machines in this network, wait 5 s, and start them again: the virtual switch was probably started by another release of vmlet',
    cause,
  });
}

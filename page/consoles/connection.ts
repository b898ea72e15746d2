import type { Terminal } from '@xterm/xterm';
import { protocols, socketAddress } from '../api/session.ts';
import type { ApiProblem } from '../api/types.ts';

/** A terminal's connection to a guest. */
export interface Connection {
  readonly send: (text: string) => void;
  /** Bytes, one a character, as xterm reports the mouse. */
  readonly sendBinary: (text: string) => void;
  readonly resize: (columns: number, rows: number) => void;
  /** Ends the present connection and opens another. */
  readonly reopen: () => void;
  readonly close: () => void;
}

interface Options {
  /** True if the guest is told of the terminal’s size. */
  readonly resizes: boolean;
  /** The status of a connection before the first output. */
  readonly begun: string;
  /** Connect again after an end. */
  readonly again: boolean;
  readonly onStatus: (status: string) => void;
  readonly onProblem: (problem: ApiProblem | undefined) => void;
}

const AGAIN_MS = 1000;

interface Message {
  readonly error?: ApiProblem;
  readonly exit?: { readonly exitCode?: number; readonly signal?: string };
}

export function connectTerminal(path: () => string, terminal: Terminal, options: Options): Connection {
  const { resizes, begun, again, onStatus, onProblem } = options;
  const encoder = new TextEncoder();
  let socket: WebSocket;
  let closed = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const open = (): void => {
    clearTimeout(timer);
    const opened = new WebSocket(socketAddress(path()), protocols());
    socket = opened;
    // xterm.js drops some characters whose bytes arrive in two parts.
    const decoder = new TextDecoder();
    opened.binaryType = 'arraybuffer';
    onStatus('connecting …');
    let end = 'disconnected';
    opened.onopen = () => {
      // The console begins with the log’s tail: output of an earlier connection would appear twice.
      terminal.reset();
      onProblem(undefined);
      onStatus(begun);
    };
    opened.onmessage = ({ data }: MessageEvent<ArrayBuffer | string>) => {
      if (typeof data !== 'string') {
        onStatus('connected');
        terminal.write(decoder.decode(data, { stream: true }));
        return;
      }
      const { error, exit } = JSON.parse(data) as Message;
      if (error) onProblem(error);
      if (exit) end = `ended: ${exit.signal ?? `status ${exit.exitCode ?? 0}`}`;
    };
    opened.onclose = () => {
      if (closed || socket !== opened) return;
      onStatus(end);
      if (again) timer = setTimeout(open, AGAIN_MS);
    };
  };
  open();
  const whenOpen = (data: string | Uint8Array<ArrayBuffer>): void => {
    if (socket.readyState === WebSocket.OPEN) socket.send(data);
  };
  return {
    send: (text) => whenOpen(encoder.encode(text)),
    sendBinary: (text) => whenOpen(Uint8Array.from(text, (character) => character.charCodeAt(0))),
    resize: (columns, rows) => {
      if (resizes) whenOpen(JSON.stringify({ resize: { columns, rows } }));
    },
    reopen: () => {
      socket.close();
      open();
    },
    close: () => {
      closed = true;
      clearTimeout(timer);
      socket.close();
    },
  };
}

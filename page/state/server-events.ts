import { applyEvent, type ServerEvent } from './machines.ts';
import { Observable } from '../values/observable.ts';
import { get } from '../api/client.ts';
import { protocols, session, socketAddress } from '../api/session.ts';

/** Whether the server's events arrive. */
export const connected = new Observable(false);

const AGAIN_MS = [250, 500, 1000, 2000] as const;

interface Watched {
  readonly stats: readonly string[];
  /** Those of them whose guests are asked as well. */
  readonly guests: readonly string[];
  /** Seconds between readings. */
  readonly interval: number;
}

let socket: WebSocket | undefined;
let wanted: Watched = { stats: [], guests: [], interval: 1 };

let isFollowing = false;

/** Follows the server's events while the session is open: another tab may open it later. */
export function followServer(): void {
  const begin = (): void => {
    if (isFollowing || session.value !== 'open') return;
    isFollowing = true;
    connect(0);
  };
  session.listen(begin);
  begin();
}

/** Connects, and again whenever the connection ends: the server may have been restarted. */
function connect(tries: number): void {
  const opened = new WebSocket(socketAddress('/v1/events'), protocols());
  let next = tries;
  opened.onopen = () => {
    next = 0;
    socket = opened;
    connected.set(true);
    sendWanted();
  };
  opened.onmessage = ({ data }) => applyEvent(JSON.parse(String(data)) as ServerEvent);
  opened.onclose = () => {
    socket = undefined;
    connected.set(false);
    void again(next);
  };
}

async function again(tries: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, AGAIN_MS[Math.min(tries, AGAIN_MS.length - 1)]));
  // A WebSocket does not say why it was refused; this request shows whether the server still knows the session.
  const answers = await get('/v1').then(
    () => true,
    () => false,
  );
  if (answers || session.value !== 'refused') connect(tries + 1);
  else isFollowing = false;
}

/** Names the machines in view: statistics are read only for them. */
export function watchStatistics(watched: Watched): void {
  if (JSON.stringify(watched) === JSON.stringify(wanted)) return;
  wanted = watched;
  sendWanted();
}

function sendWanted(): void {
  socket?.send(JSON.stringify(wanted));
}

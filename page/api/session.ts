import { Observable } from '../values/observable.ts';

const KEY = 'vmlet.secret';

/** Whether the server knows this page: `unknown` until it has answered. */
export const session = new Observable<'unknown' | 'open' | 'refused'>('unknown');

export function secret(): string {
  return sessionStorage.getItem(KEY) ?? '';
}

/** Exchanges the token of the address, which works once, for the session's secret, and removes it from the address. */
export async function openSession(): Promise<void> {
  const token = /^#token=(.+)$/.exec(location.hash)?.[1];
  if (token === undefined) {
    session.set(secret() === '' ? 'refused' : 'open');
    return;
  }
  history.replaceState(null, '', '#/machines');
  const answer = await fetch('/v1/session', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token }),
  });
  if (answer.ok) {
    const { secret: given } = (await answer.json()) as { secret: string };
    sessionStorage.setItem(KEY, given);
  }
  // A used token is refused, but this tab may have its secret already: the address was opened again.
  session.set(secret() === '' ? 'refused' : 'open');
}

/** The subprotocols of a WebSocket. */
export function protocols(): string[] {
  return ['vmlet', `vmlet.secret.${secret()}`];
}

export function socketAddress(path: string): string {
  return `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}${path}`;
}

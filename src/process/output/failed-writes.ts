import type { Socket } from 'node:net';

type Done = (error?: Error | null) => void;

/**
 * By default, Node destroys a socket when a write to it fails, and discards unread data from the peer. With
 * this, a failed write only calls `tell`, and the socket ends when everything has been read.
 *
 * There is no public API for this: net.Socket always destroys itself on an error (it sets `autoDestroy`), a
 * stream in front cannot write without it, and Node does not expose the descriptor. Sockets of a child's
 * `stdio` cannot be of a subclass. See docs/decisions/002.
 */
export function keepReadingAfterFailedWrites(socket: Socket, tell?: () => void): void {
  const guard =
    (done: Done): Done =>
    (error) => {
      if (error) tell?.();
      done();
    };
  const write = socket._write.bind(socket);
  const writev = socket._writev?.bind(socket);
  socket._write = (chunk, encoding, done) => write(chunk, encoding, guard(done));
  if (writev) socket._writev = (chunks, done) => writev(chunks, guard(done));
}

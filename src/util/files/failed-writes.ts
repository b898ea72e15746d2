import type { Socket } from 'node:net';

type Done = (error?: Error | null) => void;

/**
 * Node gives a socket up when a write to it fails, together with what its peer said last and nobody has read yet. With
 * this a failed write only calls `tell`, and the socket ends when all has been read.
 *
 * No public way does it: net.Socket always destroys itself on an error (it sets `autoDestroy`), a stream in front cannot
 * write without it, and Node tells no descriptor of it. Sockets of a child's `stdio` cannot be of a subclass.
 */
export function readOnAfterFailedWrites(socket: Socket, tell?: () => void): void {
  const heed =
    (done: Done): Done =>
    (error) => {
      if (error) tell?.();
      done();
    };
  const write = socket._write.bind(socket);
  const writev = socket._writev?.bind(socket);
  socket._write = (chunk, encoding, done) => write(chunk, encoding, heed(done));
  if (writev) socket._writev = (chunks, done) => writev(chunks, heed(done));
}

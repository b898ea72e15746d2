import type { LiveMachine } from '../../machines/index.ts';
import { writeOut } from '../output/standard-output.ts';
import { Interrupts } from '../session/interrupts.ts';

/**
 * Connects stdin and stdout to the guest's ssh server. By vmlet's agent it needs neither a network nor a port of this host.
 * @param timeoutMs until the guest's server is connected.
 */
export async function pipeToSshServer(live: LiveMachine, timeoutMs: number | undefined): Promise<void> {
  using interrupts = new Interrupts();
  const { signal } = interrupts;
  await using connection = await live.connectToSsh({ timeoutMs, signal });
  const { input, output, close } = connection;
  const { stdin } = process;
  signal.addEventListener('abort', close, { once: true });
  // Ctrl-C at a terminal reaches ssh's ProxyCommand too. sftp ends only the transfer then: it has ssh ignore SIGINT,
  // which Node resets. Where ssh has died of it, stdin ends.
  let interrupted = false;
  interrupts.ignores = (name) => {
    interrupted ||= name === 'SIGINT';
    return name === 'SIGINT' && !stdin.isTTY && !stdin.readableEnded;
  };
  stdin.once('end', () => {
    if (interrupted) close();
  });
  stdin.pipe(input);
  try {
    for await (const chunk of output) {
      await writeOut(chunk);
      signal.throwIfAborted();
    }
    signal.throwIfAborted();
  } finally {
    close();
    // An open terminal or pipe would keep this process alive.
    stdin.destroy();
  }
}

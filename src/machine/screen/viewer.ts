import { MissingProgramError } from '../../errors/index.ts';
import { quoteForShell } from '../qemu/quote.ts';

/**
 * Programs that show a VNC server on a unix socket, as each was seen to do. `vncviewer` comes last, since TightVNC's
 * and RealVNC's programs have that name as well as TigerVNC's, and know no unix sockets. remote-viewer 11 is not
 * among them: of `vnc+unix:` it takes nothing, and its connection files want a port. krdc, vinagre and Remmina want
 * one, too.
 */
const viewers: readonly string[] = ['xtigervncviewer', 'gvncviewer', 'vncviewer'];

/**
 * The command that shows a VNC server which listens on `socketPath`, an absolute path.
 * @param find gives the path of an installed program.
 * @throws MissingProgramError with what to install.
 */
export function chooseViewer(
  socketPath: string,
  find: (program: string) => string | undefined,
): readonly [string, ...string[]] {
  for (const program of viewers) {
    const path = find(program);
    if (path !== undefined) return [path, socketPath];
  }
  throw new MissingProgramError('a viewer of VNC on a unix socket', {
    hint:
      'install TigerVNC (tigervnc-viewer on Debian and Ubuntu, tigervnc elsewhere) or gvncviewer; remote-viewer shows ' +
      `vnc://127.0.0.1:5900 while this runs: ${bridgeCommand(socketPath)}`,
  });
}

/** Makes the socket a port of this host, which every user of it can reach. */
function bridgeCommand(socketPath: string): string {
  return `socat TCP-LISTEN:5900,bind=127.0.0.1,fork,reuseaddr ${quoteForShell(`UNIX-CONNECT:${quoteForSocat(socketPath)}`)}`;
}

/** What socat(1) gives a meaning to in an address. */
function quoteForSocat(path: string): string {
  return path.replaceAll(/[\\,:!"'([{]/g, String.raw`\$&`);
}

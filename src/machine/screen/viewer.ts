import { MissingProgramError } from '../../errors/index.ts';
import { quoteForShell } from '../qemu/quote.ts';

/**
 * Programs known to show a VNC server on a unix socket. `vncviewer` comes last, because TightVNC and RealVNC
 * use that name as well as TigerVNC, and do not support unix sockets. Not listed: remote-viewer 11, which
 * ignores `vnc+unix:` and needs a port in its connection files; GNOME Connections, whose source opens only a host and a
 * port; krdc, vinagre and Remmina, which need a port too. A port would be open to every user of the host.
 */
const viewers: readonly string[] = ['xtigervncviewer', 'gvncviewer', 'vncviewer'];

/**
 * Returns the command that shows the VNC server listening on `socketPath`, an absolute path.
 * @param find returns the path of an installed program.
 * @throws MissingProgramError naming the packages to install.
 */
export function chooseViewer(
  socketPath: string,
  find: (program: string) => string | undefined,
): readonly [string, ...string[]] {
  for (const program of viewers) {
    const path = find(program);
    if (path !== undefined) return [path, socketPath];
  }
  throw new MissingProgramError('a VNC viewer with support for unix sockets', {
    hint:
      'install TigerVNC (tigervnc-viewer on Debian and Ubuntu, tigervnc elsewhere) or gvncviewer; ' +
      `or open vnc://127.0.0.1:5900 in another viewer while this command runs: ${bridgeCommand(socketPath)}`,
  });
}

/** Makes the socket available as a port of this host, which every user of the host can reach. */
function bridgeCommand(socketPath: string): string {
  return `socat TCP-LISTEN:5900,bind=127.0.0.1,fork,reuseaddr ${quoteForShell(`UNIX-CONNECT:${quoteForSocat(socketPath)}`)}`;
}

/** Escapes the characters that have a meaning in socat(1) addresses. */
function quoteForSocat(path: string): string {
  return path.replaceAll(/[\\,:!"'([{]/g, String.raw`\$&`);
}

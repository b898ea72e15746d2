import { expect, test } from 'vitest';
import { MissingProgramError } from '../../../../src/errors/index.ts';
import { chooseViewer } from '../../../../src/machine/screen/viewer.ts';

const socket = '/run/user/1000/vmlet/a, b/vnc.sock';

test('viewers known to support unix sockets are preferred', () => {
  const installed = (...programs: string[]): ((name: string) => string | undefined) => {
    return (name) => (programs.includes(name) ? `/usr/bin/${name}` : undefined);
  };
  expect(chooseViewer(socket, installed('vncviewer', 'xtigervncviewer'))).toEqual([
    '/usr/bin/xtigervncviewer',
    socket,
  ]);
  expect(chooseViewer(socket, installed('vncviewer', 'gvncviewer'))[0]).toBe('/usr/bin/gvncviewer');
  expect(chooseViewer(socket, installed('vncviewer'))).toEqual(['/usr/bin/vncviewer', socket]);
});

test('the error without a viewer says what to install and how to use another', () => {
  try {
    chooseViewer(socket, () => undefined);
    expect.unreachable();
  } catch (error) {
    expect(error).toBeInstanceOf(MissingProgramError);
    const { hint } = error as MissingProgramError;
    expect(hint).toContain('tigervnc-viewer');
    expect(hint).toContain(String.raw`'UNIX-CONNECT:/run/user/1000/vmlet/a\, b/vnc.sock'`);
  }
});

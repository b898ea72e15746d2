import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../../directory.ts';
import { VMLET } from '../command.ts';
import { until } from '../../until.ts';

const directory = temporaryDirectory();
const socket = join(directory, 'tmux');

function tmux(...args: string[]): string {
  return execFileSync('tmux', ['-f', '/dev/null', '-S', socket, ...args], { encoding: 'utf8' });
}

function screen(): string {
  return tmux('capture-pane', '-p', '-J', '-t', 'main');
}

async function showsLine(line: RegExp): Promise<void> {
  await until(() =>
    screen()
      .split('\n')
      .some((shown) => line.test(shown)),
  );
}

describe('vmlet run -it in a real terminal', () => {
  afterAll(() => {
    spawnSync('tmux', ['-S', socket, 'kill-server']);
  });

  it('resizes, is interrupted by Ctrl-C, and restores the terminal', async () => {
    tmux(
      'new-session',
      '-d',
      '-s',
      'main',
      '-x',
      '101',
      '-y',
      '31',
      `TERM=screen ${process.execPath} ${VMLET} run -it -e TERM=vt100 --net none micro; echo "left with $?"; stty -a; exec sleep 1000`,
    );
    await showsLine(/^root@vmlet:.*# $|^root@vmlet:.*#$/);
    tmux('send-keys', '-t', 'main', 'echo "type $TERM"', 'Enter');
    await showsLine(/^type vt100$/);
    tmux('send-keys', '-t', 'main', 'tty; stty size', 'Enter');
    await showsLine(/^31 101$/);
    await showsLine(/^\/dev\/pts\/\d+$/);
    tmux('resize-window', '-t', 'main', '-x', '77', '-y', '22');
    await until(() => {
      tmux('send-keys', '-t', 'main', 'stty size', 'Enter');
      return screen().split('\n').includes('22 77');
    });
    tmux('send-keys', '-t', 'main', 'clear; echo sleeping; sleep 1000', 'Enter');
    await showsLine(/^sleeping$/);
    tmux('send-keys', '-t', 'main', 'C-c');
    tmux('send-keys', '-t', 'main', 'echo "status $?"', 'Enter');
    await showsLine(/^status 130$/);
    tmux('send-keys', '-t', 'main', 'exit 5', 'Enter');
    await showsLine(/^left with 5$/);
    // The terminal is cooked again.
    await showsLine(/\bicanon\b/);
    expect(screen()).not.toMatch(/-icanon|-echo\b/);
  });
});

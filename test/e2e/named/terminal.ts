import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { until } from '../../until.ts';
import type { Home } from './home.ts';

/** A real terminal of 100 columns and 30 rows in which command lines run one after the other, as a user of a home. */
export class Terminal implements Disposable {
  readonly #directory: string;
  readonly #environment: NodeJS.ProcessEnv;
  #servers = 0;

  constructor({ path, environment }: Pick<Home, 'path' | 'environment'>) {
    this.#directory = path;
    this.#environment = environment;
  }

  /** A terminating server answers on its socket until it has ended: the next one has its own socket. */
  get #socket(): string {
    return join(this.#directory, `tmux-${String(this.#servers)}`);
  }

  /** Runs it in a new window, which prints `left with STATUS` and the terminal’s settings at its end. */
  run(commandLine: string): void {
    this[Symbol.dispose]();
    this.#servers += 1;
    // Ctrl-C reaches only the command.
    const line = `trap : INT; TERM=screen ${commandLine}; echo "left with $?"; stty -a; exec sleep 1000`;
    this.#tmux('new-session', '-d', '-s', 'main', '-x', '100', '-y', '30', line);
  }

  /** Key names of tmux: `C-]`, `Enter`. */
  press(...keys: string[]): void {
    this.#tmux('send-keys', '-t', 'main', ...keys);
  }

  lines(): string[] {
    return this.#tmux('capture-pane', '-p', '-J', '-t', 'main').split('\n');
  }

  /** Waits until a line is shown. */
  async shows(line: RegExp): Promise<void> {
    try {
      await until(() => this.lines().some((shown) => line.test(shown)));
    } catch (error) {
      const shown = this.lines().join('\n').trimEnd();
      throw new Error(`the terminal does not show ${String(line)}, but:\n${shown}`, { cause: error });
    }
  }

  [Symbol.dispose](): void {
    spawnSync('tmux', ['-S', this.#socket, 'kill-server'], { stdio: 'ignore' });
  }

  #tmux(...args: string[]): string {
    return execFileSync('tmux', ['-f', '/dev/null', '-S', this.#socket, ...args], {
      encoding: 'utf8',
      env: this.#environment,
    });
  }
}

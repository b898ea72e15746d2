import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { bootSectors } from '../../../fixtures/boot-sectors.ts';
import { type Traced, trace } from '../../../fixtures/step-tracer/traced.ts';
import { locate } from '../../../src/machine/locations.ts';
import { run } from '../../../src/process/run.ts';
import { VMLET, type Finished } from '../../e2e/command.ts';
import { type Home, makeHome } from '../../e2e/named/home.ts';
import { settle } from '../../e2e/named/truth.ts';
import { filesOf, look } from './look.ts';
import type { Operation } from './operations.ts';
import { join } from 'node:path';

/** Memory: a sweep waits for thousands of writes to be on the disk otherwise. */
export const PARENT = existsSync('/dev/shm') ? '/dev/shm' : undefined;
/** Of anything that is done here; all of it takes about a second. */
export const HANGS_MS = 60_000;

/** A state of a home: what there is in it, and in which files. */
export interface State {
  readonly seen: string;
  readonly files: ReadonlySet<string>;
}

/** How an operation goes without a fault. */
export interface Course {
  readonly before: State;
  readonly after: State;
  /** When all machines and images were removed. */
  readonly empty: State;
  readonly traced: Traced;
}

/** Where one operation is done again and again, each time from the same beginning. */
export class Bench {
  readonly home: Home;
  readonly #operation: Operation;
  readonly #tracer: string;
  readonly #kept: string;

  private constructor(home: Home, operation: Operation, tracer: string) {
    this.home = home;
    this.#operation = operation;
    this.#tracer = tracer;
    this.#kept = `${home.path}.kept`;
  }

  /** @param open makes its home. */
  static async make(
    operation: Operation,
    tracer: string,
    open = async (): Promise<Home> => makeHome(PARENT),
  ): Promise<Bench> {
    const home = await open();
    const bench = new Bench(home, operation, tracer);
    if (operation.usesMicro !== true) {
      const { images } = locate(home.environment, home.path, 0);
      rmSync(images);
      mkdirSync(images, { mode: 0o700 });
    }
    writeFileSync(join(home.path, 'guest.img'), bootSectors.hang);
    // What is known of the host is found once, and not by each command.
    await home.vmlet('doctor');
    await bench.#do(operation.prepare);
    execFileSync('cp', ['-a', home.path, bench.#kept]);
    return bench;
  }

  /** The state from which the operation is done. */
  async begin(): Promise<void> {
    // In its place, so that paths in machines and disks still lead there.
    execFileSync('rm', ['-rf', this.home.path]);
    execFileSync('cp', ['-a', this.#kept, this.home.path]);
    await this.#do(this.#operation.begin ?? []);
  }

  async course(): Promise<Course> {
    await this.begin();
    const before = await this.state();
    const traced = await this.traced();
    if (traced.status !== 0)
      throw new Error(`${this.#operation.name} fails without a fault: ${traced.stderr}`);
    await settle(this.home);
    const after = await this.state();
    await this.empty();
    return { before, after, empty: await this.state(), traced };
  }

  async traced(fault?: string): Promise<Traced> {
    const { follow, afterwards = [], args } = this.#operation;
    const { ended, finished } = trace(this.#tracer, [process.execPath, VMLET, ...this.#words(args)], {
      env: { ...this.home.environment, NO_COLOR: '1' },
      ...(follow === undefined ? { begin: VMLET, within: this.home.path } : { follow }),
      fault,
      timeoutMs: HANGS_MS,
    });
    const first = await ended;
    // Whether there is still something to do afterwards depends on the fault.
    for (const words of afterwards) await this.#vmlet(words);
    const whole = await finished;
    return { ...whole, stderr: first.stderr };
  }

  /** The same operation once more, with what is done afterwards. */
  async again(): Promise<Finished> {
    const finished = await this.#vmlet(this.#operation.args);
    for (const words of this.#operation.afterwards ?? []) await this.#vmlet(words);
    return finished;
  }

  async #vmlet(words: readonly string[]): Promise<Finished> {
    return this.home.vmlet(...this.#words(words));
  }

  async state(): Promise<State> {
    return { seen: await look(this.home), files: filesOf(this.home) };
  }

  async empty(): Promise<void> {
    await this.home.removeAll();
    // Who makes a machine sweeps what was left by others that made or removed one.
    await this.home.store.create({ name: 'sweeper', iso: join(this.home.path, 'guest.img'), net: 'none' });
    await this.home.store.remove('sweeper', { storage: true });
    await this.#do(this.#operation.tidy ?? []);
  }

  /** What qemu-img says of the disks that nobody uses just now, but for lost space. */
  async corruptDisks(): Promise<string[]> {
    const { machines, disks } = locate(this.home.environment, this.home.path, 0);
    const places = [machines, disks].filter((path) => existsSync(path));
    if (places.length === 0) return [];
    const found = execFileSync('find', [...places, '-name', '*.qcow2', '-not', '-path', '*/.staging/*'], {
      encoding: 'utf8',
    });
    const running = this.home.machines().filter((one) => 'spec' in one && one.status.kind === 'running');
    const paths = found
      .split('\n')
      .filter((path) => path !== '' && !running.some(({ name }) => path.startsWith(`${machines}/${name}/`)));
    const checked = await Promise.all(
      paths.map(async (path) => {
        // 2: there are errors; 3: clusters leak.
        const argv = ['qemu-img', 'check', '-q', '-U', '-f', 'qcow2', path] as const;
        const { exitCode, stderr } = await run(argv, { acceptedExitCodes: [0, 1, 2, 3] });
        return exitCode === 1 || exitCode === 2 ? `${path} is corrupt: ${stderr}` : undefined;
      }),
    );
    return checked.filter((problem) => problem !== undefined);
  }

  /** After a case that went wrong: whatever runs is killed. */
  killAll(): void {
    for (const { pid } of this.home.processes()) process.kill(pid, 'SIGKILL');
  }

  async close(): Promise<void> {
    rmSync(this.#kept, { recursive: true, force: true });
    await this.home.close();
  }

  #words(words: readonly string[]): string[] {
    return words.map((word) => word.replace('@/', `${this.home.path}/`));
  }

  async #do(commands: readonly (readonly string[])[]): Promise<void> {
    for (const words of commands) {
      // Without a process of its own, since it is done before each case.
      if (words.join(' ') === 'start m') {
        await this.home.store.get('m').start();
        continue;
      }
      const { status, stderr } = await this.#vmlet(words);
      if (status !== 0) throw new Error(`vmlet ${words.join(' ')} ends with ${String(status)}: ${stderr}`);
    }
  }
}

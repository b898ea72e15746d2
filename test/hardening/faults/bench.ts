import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { bootSectors } from '../../../fixtures/guests/boot-sectors.ts';
import { type Traced, trace } from '../../../fixtures/calls/step-tracer/traced.ts';
import { VmletError, isSystemError } from '../../../src/errors/index.ts';
import { locate, placesOf } from '../../../src/machine/paths/locations.ts';
import { run } from '../../../src/process/run.ts';
import { IN_MEMORY } from '../../directory.ts';
import { VMLET, type Finished } from '../../e2e/command.ts';
import { type Home, makeHome } from '../../e2e/named/home.ts';
import { settle } from '../../e2e/named/truth.ts';
import { Publisher, sha256, webEntry } from '../../publisher.ts';
import { filesOf, look, namesIn } from './look.ts';
import type { Operation } from './operation.ts';

/** In memory: otherwise a sweep waits for thousands of writes to reach the disk. */
export const PARENT = existsSync(IN_MEMORY) ? IN_MEMORY : undefined;
/** The time limit of each action; a whole case takes about a second. */
export const HANGS_MS = 60_000;

/** A state of a home: its entries, and their files. */
export interface State {
  readonly seen: string;
  readonly files: ReadonlySet<string>;
}

/** The result of an operation without a fault. */
export interface Course {
  readonly before: State;
  readonly after: State;
  /** The state after all machines and images were removed. */
  readonly empty: State;
  readonly traced: Traced;
}

/** A place where one operation is repeated, each time from the same state. */
export class Bench {
  readonly home: Home;
  readonly #operation: Operation;
  readonly #tracer: string;
  readonly #kept: string;
  #publisher: Publisher | undefined;

  private constructor(home: Home, operation: Operation, tracer: string) {
    this.home = home;
    this.#operation = operation;
    this.#tracer = tracer;
    this.#kept = `${home.path}.kept`;
  }

  /** @param open creates its home. */
  static async make(
    operation: Operation,
    tracer: string,
    open = async (): Promise<Home> => makeHome(PARENT),
  ): Promise<Bench> {
    const home = await open();
    const bench = new Bench(home, operation, tracer);
    process.on('exit', bench.#abandon);
    try {
      await bench.#prepare();
    } catch (error) {
      await bench.close();
      throw error;
    }
    return bench;
  }

  async #prepare(): Promise<void> {
    const { usesMicro, publishes, prepare } = this.#operation;
    const { path, environment } = this.home;
    const locations = locate(environment, path, 0);
    if (usesMicro !== true) {
      rmSync(locations.images);
      mkdirSync(locations.images, { mode: 0o700 });
    }
    writeFileSync(join(path, 'guest.img'), bootSectors.hang);
    writeFileSync(join(path, 'guest.img.gz'), gzipSync(bootSectors.hang));
    writeFileSync(join(path, 'off.img'), bootSectors.powerOff);
    if (publishes === true) {
      this.#publisher = await publishDisk(path, placesOf(locations).userCatalogue);
    }
    // The features of the host are probed once, not by each command.
    await this.home.vmlet('doctor');
    await this.#do(prepare);
    execFileSync('cp', ['-a', path, this.#kept]);
  }

  /** The state before the operation. */
  async begin(): Promise<void> {
    // At the same path, so that paths in machines and disks stay valid.
    execFileSync('rm', ['-rf', this.home.path]);
    execFileSync('cp', ['-a', this.#kept, this.home.path]);
    await this.#do(this.#operation.begin ?? []);
  }

  async course(): Promise<Course> {
    await this.begin();
    const before = await this.state();
    const traced = await this.traced();
    const { name, ends = 0 } = this.#operation;
    if (traced.status !== ends)
      throw new Error(`${name} ends with ${String(traced.status)} without a fault: ${traced.stderr}`);
    await this.settle();
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
    // It depends on the fault whether there is still something to do afterwards.
    for (const words of afterwards) await this.#vmlet(words);
    const whole = await finished;
    return { ...whole, stderr: first.stderr };
  }

  /** Repeats the operation, with its follow-up actions. */
  async again(): Promise<Finished> {
    const finished = await this.#vmlet(this.#operation.args);
    for (const words of this.#operation.afterwards ?? []) await this.#vmlet(words);
    return finished;
  }

  async #vmlet(words: readonly string[]): Promise<Finished> {
    return this.home.vmlet(...this.#words(words));
  }

  /** Also waits for the keepers’ records to agree with their QEMUs, whose events arrive a moment later. */
  async settle(): Promise<boolean> {
    const deadline = Date.now() + HANGS_MS;
    do if ((await settle(this.home)) && (await this.#isWrittenDown())) return true;
    while (Date.now() < deadline);
    return false;
  }

  async #isWrittenDown(): Promise<boolean> {
    const compared = this.home.machines().map(async (one) => {
      if (!('spec' in one) || one.status.kind !== 'running') return true;
      const { state } = one.status;
      try {
        const machine = this.home.store.get(one.name).live();
        const { status } = await machine.qmp(async (qmp) => qmp.execute('query-status'));
        // A change from one QEMU to the other has no event.
        return status === state || (state === 'finish-migrate' && status === 'postmigrate');
      } catch (error) {
        // It is just ending.
        if (error instanceof VmletError) return false;
        throw error;
      }
    });
    return (await Promise.all(compared)).every(Boolean);
  }

  async state(): Promise<State> {
    return { seen: await look(this.home), files: filesOf(this.home) };
  }

  async empty(): Promise<void> {
    await this.home.removeAll();
    // A command that creates a machine sweeps the leftovers of others.
    await this.home.store.create({ name: 'sweeper', iso: join(this.home.path, 'guest.img'), net: 'none' });
    await this.home.store.remove('sweeper', { storage: true });
    for (const name of namesIn(this.#locations().templates)) {
      if (!name.startsWith('.')) await this.#do([['template', 'rm', name]]);
    }
    await this.#do(this.#operation.tidy ?? []);
  }

  #isInSpec(file: string): boolean {
    return this.home
      .machines()
      .some((one) => 'spec' in one && JSON.stringify(one.spec).includes(`"${file}"`));
  }

  /** The errors that qemu-img finds in unused disks, except lost space. */
  async corruptDisks(): Promise<string[]> {
    const { machines, disks } = this.#locations();
    const places = [machines, disks].filter((path) => existsSync(path));
    if (places.length === 0) return [];
    const found = execFileSync('find', [...places, '-name', '*.qcow2', '-not', '-path', '*/.staging/*'], {
      encoding: 'utf8',
    });
    const running = this.home.machines().filter((one) => 'spec' in one && one.status.kind === 'running');
    const paths = found
      .split('\n')
      .filter((path) => path !== '' && !running.some(({ name }) => path.startsWith(`${machines}/${name}/`)))
      // Created by a process that was killed before it wrote anything: not a disk, unless something uses it as one.
      .filter((path) => statSync(path).size > 0 || this.#isInSpec(basename(path)));
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

  /** After a failed case: kills all processes, and those that they have started meanwhile. */
  killAll(): void {
    for (let turn = 0; turn < 10; turn++) {
      const left = this.home.processes();
      if (left.length === 0) return;
      for (const { pid } of left) killIfThere(pid);
    }
  }

  async close(): Promise<void> {
    process.off('exit', this.#abandon);
    await this.#publisher?.[Symbol.asyncDispose]();
    rmSync(this.#kept, { recursive: true, force: true });
    await this.home.close();
  }

  #locations() {
    return locate(this.home.environment, this.home.path, 0);
  }

  /** Nothing waits any more: a second Ctrl-C, or a defect of ours. */
  readonly #abandon = (): void => {
    this.killAll();
    for (const path of [this.home.path, this.#kept]) rmSync(path, { recursive: true, force: true });
  };

  #words(words: readonly string[]): string[] {
    return words.map((word) => word.replace('@/', `${this.home.path}/`));
  }

  async #do(commands: readonly (readonly string[])[]): Promise<void> {
    for (const words of commands) {
      // Without a separate process, since it runs before each case.
      if (words.join(' ') === 'start m') {
        await this.home.store.get('m').start();
        continue;
      }
      const { status, stderr } = await this.#vmlet(words);
      if (status !== 0) throw new Error(`vmlet ${words.join(' ')} ends with ${String(status)}: ${stderr}`);
    }
  }
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!isSystemError(error, 'ESRCH')) throw error;
  }
}

async function publishDisk(directory: string, catalogue: string): Promise<Publisher> {
  const path = join(directory, 'web.qcow2');
  execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', path, '1M']);
  const disk = readFileSync(path);
  const publisher = await Publisher.start();
  publisher.publish('/web/web.qcow2', disk);
  publisher.publish('/web/SHA256SUMS', `${sha256(disk)}  web.qcow2\n`, 'text/plain');
  mkdirSync(dirname(catalogue), { recursive: true, mode: 0o700 });
  // JSON is YAML.
  writeFileSync(catalogue, JSON.stringify({ images: { 'web:1': webEntry(publisher) } }));
  return publisher;
}

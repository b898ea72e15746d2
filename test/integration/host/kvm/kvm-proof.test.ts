import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { assembleKvmProof } from '../../../../fixtures/host/assemble-kvm-proof.ts';
import { type Misbehaviour, writeMisbehavingQemu } from '../../../../fixtures/host/misbehaving-qemu.ts';
import { KVM_PROOF_IMAGE } from '../../../../src/host/kvm/kvm-proof.gen.ts';
import { runProof } from '../../../../src/host/kvm/kvm-proof.ts';
import { proveKvm } from '../../../../src/host/kvm/kvm.ts';
import { requireProgram } from '../../../../src/process/program.ts';
import { makeTemporaryDirectory } from '../../../directory.ts';
import { awaitedLater, until } from '../../../until.ts';

/** Children of this process. */
const CHILDREN = `/proc/${process.pid}/task/${process.pid}/children`;
const qemu = requireProgram('qemu-system-x86_64');
const underTcg = {
  qemu,
  sandbox: true,
  monitorObjects: false,
  accelerator: 'tcg',
  cpu: 'max',
  timeoutMs: 60_000,
} as const;
const image = Buffer.from(KVM_PROOF_IMAGE, 'base64');

/** The image with its first instructions replaced. */
function imageThatRuns(...code: number[]): Buffer {
  const MULTIBOOT_HEADER_BYTES = 32;
  const changed = Buffer.from(image);
  Buffer.from(code).copy(changed, MULTIBOOT_HEADER_BYTES);
  return changed;
}

it('matches its assembly source', () => {
  expect(assembleKvmProof(join(import.meta.dirname, '../../../..')).equals(image)).toBe(true);
});

describe('under TCG', () => {
  it('succeeds, with every instruction that the model offers', async () => {
    const proof = await runProof(underTcg);
    expect(proof.problem).toBeUndefined();
    expect(proof.transcript).toMatch(/^SPGIUFix2.*v?V?<>f350fd41\.$/);
  });

  it('succeeds on a model that offers little', async () => {
    const proof = await runProof({ ...underTcg, cpu: 'qemu64' });
    expect(proof.problem).toBeUndefined();
    expect(proof.transcript).not.toContain('V');
  });

  it('fails for a guest that hangs', async () => {
    const proof = await runProof({ ...underTcg, image: imageThatRuns(0xeb, 0xfe), timeoutMs: 500 });
    expect(proof.problem).toContain('did not finish within 0.5 s; it printed nothing');
    expect(proof.started).toBe(true);
  });

  it('fails for a guest that resets', async () => {
    // An undefined instruction with no interrupt table: a triple fault.
    const proof = await runProof({ ...underTcg, image: imageThatRuns(0x0f, 0x0b) });
    expect(proof.problem).toContain('exited with status 0');
  });
});

describe('a QEMU that misbehaves', () => {
  let directory: string;
  beforeEach(() => {
    const made = makeTemporaryDirectory();
    directory = made.path;
    return made.remove;
  });

  async function problemWith(behaviour: Misbehaviour, timeoutMs = 60_000): Promise<string | undefined> {
    const misbehaving = writeMisbehavingQemu(directory, behaviour);
    return (await runProof({ ...underTcg, qemu: misbehaving, timeoutMs })).problem;
  }

  it.each([
    ['slow', /^a loop ran \d+ times slower in the guest than on the host$/],
    ['miscalculating', /^its test program calculated 00000bad instead of f350fd41$/],
    ['leaving early', /^its test program exited early, after it printed 'SPG'$/],
    [
      'aborting',
      /^failed to set MSR 0x10a to 0x1 \(QEMU was killed by SIGABRT before the guest executed an instruction\)$/,
    ],
    ['stopping', /^KVM internal error\. Suberror: 1 \(emulation failure\) after the guest printed 'SPG'$/],
  ] as const)('%s', async (behaviour, problem) => {
    await expect(problemWith(behaviour)).resolves.toMatch(problem);
  });

  it('silent', async () => {
    await expect(problemWith('silent', 300)).resolves.toMatch(/did not finish within 0\.3 s/);
  });

  /** Longer than a test may take, so a program that is not abandoned fails it. */
  const FOREVER_MS = 600_000;

  it('is stopped on abort, with its reason', async () => {
    const misbehaving = writeMisbehavingQemu(directory, 'silent');
    const abort = new AbortController();
    const options = { ...underTcg, qemu: misbehaving, signal: abort.signal, timeoutMs: FOREVER_MS };
    const proof = runProof(options);
    const rejected = awaitedLater(expect(proof).rejects.toThrow('enough'));
    await until(() => readFileSync(CHILDREN, 'latin1') !== '');
    abort.abort(new Error('enough'));
    await rejected;
  });

  it('is not started after an abort, either', async () => {
    const misbehaving = writeMisbehavingQemu(directory, 'silent');
    const abort = new AbortController();
    const options = { ...underTcg, qemu: misbehaving, signal: abort.signal, timeoutMs: FOREVER_MS };
    const proof = runProof(options);
    abort.abort(new Error('enough'));
    await expect(proof).rejects.toThrow('enough');
  });
});

it('returns a verdict on this host, on one line', async () => {
  const verdict = await proveKvm(
    { path: qemu, accelerators: ['tcg', 'kvm'], objects: [], sandbox: true },
    undefined,
  );
  if (verdict.usable) expect(['host', 'qemu64']).toContain(verdict.cpu);
  else expect(verdict.reason).toMatch(/^.*\/dev\/kvm.*$/);
});

it('detects a QEMU without KVM', async () => {
  const verdict = await proveKvm(
    { path: qemu, accelerators: ['tcg'], objects: [], sandbox: true },
    undefined,
  );
  expect(verdict).toEqual({
    usable: false,
    reason: `${qemu} was built without KVM`,
    hint: 'use a QEMU that was built with KVM',
  });
});

import type { KvmVerdict, QemuFeatures } from '../survey/host.ts';
import { readCpuLevel } from './cpu-flags.ts';
import { findKvmDeviceProblem } from './kvm-device.ts';
import { hasMonitorObjects } from '../programs/qmp-monitor.ts';
import { runProof } from './kvm-proof.ts';

/**
 * Best first: `host` gives a guest every feature of the processor. If QEMU does not start with it, qemu64 needs almost
 * nothing of KVM; it gets only one second, since the first failure is usually conclusive.
 */
const CPU_MODELS = [
  { cpu: 'host', timeoutMs: 2000 },
  { cpu: 'qemu64', timeoutMs: 1000 },
];

/** Proves that guests run under KVM by running one: an open /dev/kvm proves little. */
export async function proveKvm(
  qemu: Pick<QemuFeatures, 'path' | 'accelerators' | 'objects' | 'sandbox'>,
  signal: AbortSignal | undefined,
): Promise<KvmVerdict> {
  if (!qemu.accelerators.includes('kvm')) {
    return {
      usable: false,
      reason: `${qemu.path} was built without KVM`,
      hint: 'use a QEMU that was built with KVM',
    };
  }
  const problem = findKvmDeviceProblem();
  if (problem) return { usable: false, ...problem };
  const failures: string[] = [];
  for (const { cpu, timeoutMs } of CPU_MODELS) {
    const proof = await runProof({
      qemu: qemu.path,
      sandbox: qemu.sandbox,
      monitorObjects: hasMonitorObjects(qemu),
      accelerator: 'kvm',
      cpu,
      signal,
      timeoutMs,
    });
    if (proof.problem === undefined) {
      return { usable: true, cpu, level: cpu === 'host' ? readCpuLevel() : 'x86-64' };
    }
    failures.push(`with -cpu ${cpu}: ${proof.problem}`);
    if (proof.started) break;
  }
  return {
    usable: false,
    reason: `/dev/kvm exists, but a test guest failed ${failures.join('; ')}`,
    hint:
      'if this host is a virtual machine, enable nested virtualization on its host; ' +
      'if this host was only busy, check again: vmlet doctor',
  };
}

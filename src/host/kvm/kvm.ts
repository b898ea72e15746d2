import type { KvmVerdict, QemuFeatures } from '../survey/host.ts';
import { readCpuLevel } from './cpu-flags.ts';
import { findKvmDeviceProblem } from './kvm-device.ts';
import { hasMonitorObjects } from '../programs/qmp-monitor.ts';
import { runProof } from './kvm-proof.ts';

/**
 * Best first: `host` gives a guest all that the processor has. Where QEMU does not even start with it, qemu64 asks
 * KVM for next to nothing; it gets a second only, since the first model's failure already says much.
 */
const CPU_MODELS = [
  { cpu: 'host', timeoutMs: 2000 },
  { cpu: 'qemu64', timeoutMs: 1000 },
];

/** Whether guests run under KVM here, proved by running one: a /dev/kvm that opens shows little. */
export async function proveKvm(
  qemu: Pick<QemuFeatures, 'path' | 'accelerators' | 'objects' | 'sandbox'>,
  signal: AbortSignal | undefined,
): Promise<KvmVerdict> {
  if (!qemu.accelerators.includes('kvm')) {
    return { usable: false, reason: `${qemu.path} was built without KVM` };
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
    reason: `/dev/kvm opens but does not run guests: ${failures.join('; ')}`,
    hint:
      'a virtual machine needs real nested virtualization from its host; ' +
      'where this host was only busy, vmlet doctor tries again',
  };
}

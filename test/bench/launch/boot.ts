import { type LaunchOptions, launch } from '../../../src/index.ts';
import { alternate } from '../measurement/alternate.ts';
import { padding } from './by-hand.ts';
import { describeInitcalls } from './initcalls.ts';
import type { Section } from '../section.ts';
import { TICKS_A_SECOND, ticksOf } from '../measurement/process-ticks.ts';
import { describeTimes, median } from '../measurement/statistics.ts';

interface BootTime {
  /** From the call of launch to the agent’s answer and the guest’s configuration. */
  readonly wallMs: number;
  /** QEMU's processor time at that moment; in steps of 10 ms. */
  readonly cpuMs: number;
}

const TRACING = 'ignore_loglevel initcall_debug log_buf_len=4M';

export const boot: Section = {
  title:
    'boot until a command can run, no network: micro, and its kernel and initramfs without its parameters',
  rounds: 10,
  async run(rounds) {
    const micro: LaunchOptions = { image: 'micro', net: 'none' };
    const { kernel, dmesg } = await trace(micro);
    const contenders = [
      { name: 'micro', measure: async () => bootOnce(micro) },
      { name: 'without its parameters', measure: async () => bootOnce({ kernel, net: 'none' }) },
    ];
    const samples = await alternate(contenders, rounds);
    const lines = contenders.map(({ name }, index) => {
      const cpu = median(samples[index]!.map(({ cpuMs }) => cpuMs));
      return `${name.padEnd(24)} ${describeTimes(samples[index]!.map(({ wallMs }) => wallMs))}; QEMU's cpu ${cpu.toFixed(0)} ms`;
    });
    const ratio = median(samples[0]!.map((one) => one.cpuMs)) / median(samples[1]!.map((one) => one.cpuMs));
    const text = [
      ...lines,
      `cpu ratio ${ratio.toFixed(2)}`,
      '',
      'Where the kernel spends it (one boot, with the tracing in it):',
      describeInitcalls(dmesg),
    ].join('\n');
    return {
      text,
      data: { contenders: contenders.map(({ name }, index) => ({ name, samples: samples[index] })), dmesg },
    };
  },
};

async function bootOnce(options: LaunchOptions): Promise<BootTime> {
  const started = performance.now();
  await using machine = await launch({ ...options, append: padding() });
  const wallMs = performance.now() - started;
  return { wallMs, cpuMs: (ticksOf(machine.pid) / TICKS_A_SECOND) * 1000 };
}

async function trace(options: LaunchOptions): Promise<{ kernel: string; dmesg: string }> {
  await using machine = await launch({ ...options, append: TRACING });
  const { stdout } = await machine.exec(['dmesg']);
  const { boot: plan } = machine.plan;
  if (plan.kind !== 'kernel') throw new TypeError('micro boots from a kernel');
  return { kernel: plan.kernelPath, dmesg: stdout.toString() };
}

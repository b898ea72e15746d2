import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { writeFile } from 'node:fs/promises';
import { GuestAgent } from '../../src/guest/agent/agent.ts';
import { type Machine, type Plan, createTemplate, dryRun, launch, removeTemplate } from '../../src/index.ts';
import { findProgram } from '../../src/process/program.ts';
import { run as runCommand } from '../../src/process/run.ts';
import { type Contender, alternate } from './measurement/alternate.ts';
import { VMLET } from './measurement/built-command.ts';
import type { Section } from './section.ts';
import { describeTimes } from './measurement/statistics.ts';
import { timeCommand } from './measurement/timed-command.ts';
import { padding, scriptByHand } from './launch/by-hand.ts';
import { makeTemporaryDirectory } from '../directory.ts';

const TEMPLATE = 'bench-peers';

/** As an ordinary user: root’s sessions of libvirt need its system daemon. */
export const peers: Section = {
  title:
    'one command in a fresh guest, and a guest until its agent answers: vmlet, QEMU by hand, virtme-ng and libvirt with the same kernel',
  rounds: 5,
  async run(rounds) {
    await createTemplate({ name: TEMPLATE, existing: 'replace' });
    const { path: directory, remove } = makeTemporaryDirectory();
    try {
      const contenders: Contender<number>[] = [
        // The first round, which is not counted, keeps the guest.
        { name: 'vmlet run micro -- true', measure: async () => timeRun(['micro']) },
        { name: 'vmlet run --fresh micro -- true', measure: async () => timeRun(['--fresh', 'micro']) },
        await byHand(directory),
        { name: 'vmlet run --template', measure: async () => timeRun(['--template', TEMPLATE]) },
        ...virtme(),
        { name: 'launch() to agent', measure: async () => untilAgent(launch({ image: 'micro' })) },
        ...(await libvirt(directory)),
      ];
      const samples = await alternate(contenders, rounds);
      const text = contenders
        .map(({ name }, index) => `${name.padEnd(30)} ${describeTimes(samples[index]!)}`)
        .join('\n');
      return {
        text,
        data: { contenders: contenders.map(({ name }, index) => ({ name, times: samples[index] })) },
      };
    } finally {
      remove();
      removeTemplate(TEMPLATE);
    }
  },
};

async function timeRun(what: readonly string[]): Promise<number> {
  return (await timeCommand([process.execPath, VMLET, 'run', ...what, '--', 'true'])).wallMs;
}

async function byHand(directory: string): Promise<Contender<number>> {
  const script = join(directory, 'by-hand.sh');
  const text = await scriptByHand('auto', 'bare');
  const measure = async (): Promise<number> => {
    await writeFile(script, text.replace('PADDING', padding()));
    return (await timeCommand(['sh', script])).wallMs;
  };
  return { name: 'QEMU by hand', measure };
}

async function untilAgent(starting: Promise<Machine>): Promise<number> {
  const started = performance.now();
  const machine = await starting;
  const time = performance.now() - started;
  await machine.kill();
  return time;
}

/** VIRTME_KERNEL is a kernel image whose modules are in /lib/modules, VIRTME_BUSYBOX a static busybox. */
function virtme(): Contender<number>[] {
  const { VIRTME_KERNEL: kernel, VIRTME_BUSYBOX: busybox } = process.env;
  if (!findProgram('virtme-run') || kernel === undefined || busybox === undefined) {
    console.log('without virtme-ng: install it, and set VIRTME_KERNEL and VIRTME_BUSYBOX');
    return [];
  }
  const flags = [
    '--kimg',
    kernel,
    '--busybox',
    busybox,
    '--mods',
    'auto',
    '--memory',
    '256M',
    '--disable-kvm',
  ];
  const measure = async (): Promise<number> =>
    (await timeCommand(['virtme-run', ...flags, '--script-sh', 'true'])).wallMs;
  return [{ name: 'virtme-run --script-sh true', measure }];
}

async function libvirt(directory: string): Promise<Contender<number>[]> {
  if (!findProgram('virsh') || process.getuid?.() === 0) {
    console.log(
      'without libvirt: install libvirt-clients and libvirt-daemon-driver-qemu, and run this as an ordinary user',
    );
    return [];
  }
  const virsh = async (...words: string[]): Promise<void> => {
    await runCommand(['virsh', '--connect', 'qemu:///session', '--quiet', ...words]);
  };
  const { plan } = await dryRun({ image: 'micro' });
  const agent = join(directory, 'agent.sock');
  const domain = join(directory, 'domain.xml');
  await writeFile(domain, domainOf(plan, agent));
  const measure = async (): Promise<number> => {
    const started = performance.now();
    await virsh('create', domain);
    await using _agent = await GuestAgent.attach(connect(agent));
    const time = performance.now() - started;
    await virsh('destroy', 'vmlet-bench');
    return time;
  };
  return [{ name: 'virsh create to agent', measure }];
}

function domainOf({ boot }: Plan, agent: string): string {
  if (boot.kind !== 'kernel' || boot.initrdPath === undefined || !existsSync(boot.initrdPath)) {
    throw new TypeError('micro is not there');
  }
  return `<domain type="qemu">
  <name>vmlet-bench</name>
  <memory unit="MiB">256</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch="x86_64" machine="q35">hvm</type>
    <kernel>${boot.kernelPath}</kernel>
    <initrd>${boot.initrdPath}</initrd>
    <cmdline>${boot.commandLine}</cmdline>
  </os>
  <features><acpi/></features>
  <cpu mode="maximum"/>
  <devices>
    <channel type="unix"><source mode="bind" path="${agent}"/><target type="virtio" name="vmlet.agent"/></channel>
    <serial type="null"/>
    <interface type="user"><model type="virtio"/></interface>
    <memballoon model="none"/>
  </devices>
</domain>
`;
}

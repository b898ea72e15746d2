import type { Survey } from '../survey/host.ts';
import type { Finding, Install } from './finding.ts';

/** Returns the finding about shared directories. */
export function sharesFinding({ qemu, virtiofsd }: Survey, install: Install): Finding {
  const item = 'shares';
  const degraded = (why: string, remedy?: string): Finding => {
    const summary = `directories cannot be shared, only copied (-v SRC:DST:ro,copy): ${why}`;
    return { item, state: 'degraded', summary, remedy };
  };
  const has = [...(qemu?.devices ?? []), ...(qemu?.objects ?? [])];
  const lacking = ['vhost-user-fs-pci', 'memory-backend-memfd'].find((name) => !has.includes(name));
  if (qemu && lacking !== undefined) {
    return degraded(`this QEMU does not support ${lacking}`, `use a QEMU that was built with ${lacking}`);
  }
  if (!virtiofsd) {
    return degraded('virtiofsd is not installed', `${install('virtiofsd')} (Debian 12 does not have it)`);
  }
  if (virtiofsd.problem !== undefined) {
    return degraded(virtiofsd.problem, upgrade(install));
  }
  const { path, translatesIds, migrates, survivesMissingFiles } = virtiofsd;
  const limits = [
    ...(translatesIds ? [] : ['directories can be shared only with ids=host (no --translate-uid)']),
    ...(migrates && survivesMissingFiles
      ? []
      : [
          `machines with shared directories cannot be saved (${migrates ? 'no --migration-on-error' : 'virtiofsd cannot save its state'})`,
        ]),
  ];
  if (limits.length > 0) {
    return {
      item,
      state: 'degraded',
      summary: `${path} is too old: ${limits.join(', and ')}`,
      remedy: upgrade(install),
    };
  }
  return {
    item,
    state: 'works',
    summary: `directories can be shared with guests (-v), using ${path}`,
  };
}

function upgrade(install: Install): string {
  return `upgrade virtiofsd to 1.13 or newer: ${install('virtiofsd')}`;
}

import type { Survey } from '../survey/host.ts';
import type { Finding } from './finding.ts';

/** Returns the finding about shared directories. */
export function sharesFinding({ qemu, virtiofsd }: Survey, install: (name: string) => string): Finding {
  const item = 'shares';
  const degraded = (why: string, remedy?: string): Finding => {
    return { item, state: 'degraded', summary: `no shared directories (-v): ${why}`, remedy };
  };
  if (
    qemu &&
    !(qemu.devices.includes('vhost-user-fs-pci') && qemu.objects.includes('memory-backend-memfd'))
  ) {
    return degraded('this QEMU has no vhost-user-fs-pci', 'use a QEMU that was built with it');
  }
  if (!virtiofsd) return degraded('virtiofsd is not installed', install('virtiofsd'));
  if (virtiofsd.problem !== undefined) {
    return degraded(virtiofsd.problem, `${install('virtiofsd')} of a newer release`);
  }
  if (!virtiofsd.translatesIds) {
    return {
      item,
      state: 'degraded',
      summary: `directories are shared with ids=host only: ${virtiofsd.path} has no --translate-uid`,
      remedy: `${install('virtiofsd')} of a newer release`,
    };
  }
  return { item, state: 'works', summary: `directories are shared by ${virtiofsd.path}` };
}

import type { Finding } from './finding.ts';
import type { Survey } from '../survey/host.ts';
import { type QemuIsolation, isolationOf, isolationsOf, networksHere } from './isolation.ts';
import { allowNamespaces } from './namespace-settings.ts';
import type { Surroundings } from './surroundings.ts';

/** Findings about the layers that confine QEMU. A test compares each claim with a live QEMU. */
export function confinementFindings(survey: Survey, surroundings: Surroundings): Finding[] {
  return [
    namespacesFinding(survey, surroundings),
    landlockFinding(survey),
    ...(survey.qemu ? [seccompFinding(survey.qemu.sandbox, survey)] : []),
  ];
}

/** The consequences of missing layers are reported once, in this finding. */
function namespacesFinding(survey: Survey, { namespaceSettings }: Surroundings): Finding {
  const item = 'namespaces';
  const missing = Object.entries(survey.confinement.namespaces).flatMap(([name, ability]) =>
    ability.usable ? [] : [{ name, reason: ability.reason }],
  );
  if (missing.length === 0) {
    return {
      item,
      state: 'works',
      summary: `QEMU sees only its own files and sockets, ${networkWords(isolationsOf(survey), survey.passt)}`,
    };
  }
  const names = missing.map(({ name }) => name).join(', ');
  // passt, connected by a path, is confined the least, except for slirp.
  const { gaps } = isolationOf('passt', survey);
  const gap = gaps.length === 0 ? '' : `; in a named machine with passt, QEMU ${gaps.join(' and ')}`;
  return {
    item,
    state: 'degraded',
    summary: `QEMU runs without these namespaces: ${names} (${missing[0]?.reason ?? ''})${gap}${slirpWords(survey)}`,
    remedy: allowNamespaces(namespaceSettings),
  };
}

function networkWords(isolations: readonly QemuIsolation[], passt: Survey['passt']): string {
  const [usual] = isolations;
  const slirp = isolations.find(({ network }) => network === 'slirp');
  if (usual?.network === 'slirp') return 'but uses the host’s network, because slirp runs inside QEMU';
  if (slirp?.usesHostNetwork !== true) return 'and cannot use the host’s network';
  if (passt?.completesHandshakes === false) {
    return 'and can use the host’s network only with slirp; on this host, named machines, and others with forwarded TCP ports, use slirp';
  }
  return 'and can use the host’s network only with --net slirp';
}

function slirpWords(survey: Survey): string {
  if (!networksHere(survey).includes('slirp')) return '';
  return '; with slirp, QEMU uses the host’s network';
}

function landlockFinding({ confinement: { landlock, namespaces } }: Survey): Finding {
  const item = 'landlock';
  if (landlock.usable) {
    return {
      item,
      state: 'works',
      summary: `Landlock restricts QEMU to its own files (ABI ${landlock.abi})`,
    };
  }
  const gap = namespaces.mount.usable
    ? 'only namespaces restrict QEMU to its own files'
    : 'QEMU can open every file that you can open';
  return {
    item,
    state: 'degraded',
    summary: `Landlock is not available (${landlock.reason}): ${gap}`,
    remedy: 'use Linux 5.13 or later with Landlock enabled (add landlock to the kernel parameter lsm=)',
  };
}

function seccompFinding(sandbox: boolean, { confinement: { seccomp }, virtiofsd }: Survey): Finding {
  const item = 'seccomp';
  if (!seccomp.usable) {
    const shares = virtiofsd
      ? '; a guest can create setuid files in a shared directory of an ordinary user'
      : '';
    const summary = `system calls of QEMU are not filtered (${seccomp.reason})${shares}`;
    return { item, state: 'degraded', summary, remedy: 'use a kernel that was built with seccomp' };
  }
  if (sandbox) return { item, state: 'works', summary: 'system calls that QEMU does not need are blocked' };
  const summary = 'only vmlet’s own seccomp filter is in use: this QEMU does not start with -sandbox';
  return { item, state: 'degraded', summary, remedy: 'use a QEMU that was built with seccomp' };
}

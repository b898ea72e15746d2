import type { Finding } from './finding.ts';
import type { Survey } from '../survey/host.ts';
import { type QemuIsolation, isolationOf, isolationsOf, networksHere } from './isolation.ts';
import { allowNamespaces } from './namespace-settings.ts';
import type { Surroundings } from './surroundings.ts';

/** What keeps QEMU to its own. Each word of it is compared with what a live QEMU has, in a test. */
export function confinementFindings(survey: Survey, surroundings: Surroundings): Finding[] {
  return [
    namespacesFinding(survey, surroundings),
    landlockFinding(survey),
    ...(survey.qemu ? [seccompFinding(survey.qemu.sandbox, survey.confinement)] : []),
  ];
}

/** What is behind the other layers where they are missing is said once: here. */
function namespacesFinding(survey: Survey, { namespaceSettings }: Surroundings): Finding {
  const item = 'namespaces';
  const missing = Object.entries(survey.confinement.namespaces).flatMap(([name, ability]) =>
    ability.usable ? [] : [{ name, reason: ability.reason }],
  );
  if (missing.length === 0) {
    return {
      item,
      state: 'works',
      summary: `QEMU sees its own files and sockets alone, ${networkWords(isolationsOf(survey), survey.passt)}`,
    };
  }
  const names = missing.map(({ name }) => name).join(', ');
  // What connects by a path is kept from the least, slirp excepted.
  const { gaps } = isolationOf('passt', survey);
  const gap = gaps.length === 0 ? '' : `; with passt to a machine with a name ${gaps.join(', ')}`;
  return {
    item,
    state: 'degraded',
    summary: `QEMU gets no namespaces of its own (${names}: ${missing[0]?.reason ?? ''})${gap}${slirpWords(survey)}`,
    remedy: allowNamespaces(namespaceSettings),
  };
}

function networkWords(isolations: readonly QemuIsolation[], passt: Survey['passt']): string {
  const [usual] = isolations;
  const slirp = isolations.find(({ network }) => network === 'slirp');
  if (usual?.network === 'slirp') return 'but uses the host’s network, since slirp is part of it';
  if (slirp?.usesHostNetwork !== true) return 'and no network of the host';
  if (passt?.completesHandshakes === false) {
    return 'and no network of the host but with slirp, which machines with TCP forwards have here';
  }
  return 'and no network of the host but with --net slirp';
}

function slirpWords(survey: Survey): string {
  if (!networksHere(survey).includes('slirp')) return '';
  return '; with slirp it uses the host’s network';
}

function landlockFinding({ confinement: { landlock, namespaces } }: Survey): Finding {
  const item = 'landlock';
  if (landlock.usable) {
    return { item, state: 'works', summary: `Landlock keeps QEMU to its own files (ABI ${landlock.abi})` };
  }
  const gap = namespaces.mount.usable
    ? 'namespaces alone keep QEMU to its files'
    : 'QEMU may open all that you may';
  return {
    item,
    state: 'degraded',
    summary: `no Landlock, ${gap}: ${landlock.reason}`,
    remedy: 'it takes Linux 5.13 with landlock among its LSMs (kernel parameter lsm=)',
  };
}

function seccompFinding(sandbox: boolean, { seccomp }: Survey['confinement']): Finding {
  const item = 'seccomp';
  if (!seccomp.usable) {
    const summary = `no filter of system calls: ${seccomp.reason}`;
    return { item, state: 'degraded', summary, remedy: 'use a kernel that was built with seccomp' };
  }
  if (sandbox) return { item, state: 'works', summary: 'QEMU is refused system calls that it does not need' };
  const summary = 'vmlet’s seccomp filter alone: this QEMU does not start with -sandbox';
  return { item, state: 'degraded', summary, remedy: 'use a QEMU that was built with seccomp' };
}

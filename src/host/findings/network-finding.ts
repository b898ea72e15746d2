import type { Finding } from './finding.ts';
import type { PasstFeatures, Survey } from '../survey/host.ts';
import { allowNamespaces } from './namespace-settings.ts';
import type { Surroundings } from './surroundings.ts';

/** What slirp means for what is kept from QEMU is said where slirp is what there is. */
const SLIRP = 'slirp, with which QEMU itself uses the host’s network';

/** What carries the packets of guests here. */
export function networkFinding(
  { qemu, passt }: Survey,
  surroundings: Surroundings,
  install: (name: string) => string,
): Finding {
  const item = 'network';
  const hasSlirp = qemu?.netdevs.includes('user') ?? false;
  const instead = hasSlirp ? SLIRP : '--net none only';
  const degraded = (why: string, remedy: string): Finding => {
    return { item, state: 'degraded', summary: `${instead}: ${why}`, remedy };
  };
  if (!passt) return degraded('passt is not installed', install('passt'));
  if (passt.problem !== undefined) {
    return degraded(
      `passt does not run here (${passt.problem})`,
      passtRemedy(passt.problem, surroundings, install),
    );
  }
  if (!passt.hasFd) return degraded('this passt has no --fd', install('passt'));
  if (!passt.completesHandshakes) {
    return {
      item,
      state: 'degraded',
      summary: `passt, over ${wayOf(passt)}; ${hasSlirp ? 'slirp' : 'no answers'} where TCP ports are forwarded: this passt does not let a server in the guest speak first`,
      remedy: `${install('passt')} of a newer release; or --net passt, where no server speaks first`,
    };
  }
  return { item, state: 'works', summary: `passt, over ${wayOf(passt)}${hasSlirp ? '; slirp too' : ''}` };
}

function wayOf({ hasVhostUser }: PasstFeatures): string {
  return hasVhostUser ? 'vhost-user' : 'a connected socket';
}

/** By what passt has said; the first that fits. */
function passtRemedy(
  problem: string,
  { namespaceSettings }: Surroundings,
  install: (name: string) => string,
): string {
  if (/unrecognized option|invalid option/.test(problem)) return `${install('passt')}, which is newer`;
  if (/user namespace|isolating namespaces|Couldn't .*(?:uid|gid)_map/i.test(problem)) {
    return allowNamespaces(namespaceSettings);
  }
  if (/pivot_root|mount/i.test(problem)) {
    return 'passt mounts an empty root, which this container forbids: podman run --security-opt unmask=ALL (docker alike)';
  }
  if (/seccomp/i.test(problem)) return 'use a kernel that was built with seccomp';
  if (/open files|RLIMIT_NOFILE|Too many open files/i.test(problem)) {
    return 'let it have more open files: ulimit -n 1024';
  }
  if (/shared librar/i.test(problem)) return `reinstall it: ${install('passt')}`;
  return 'see what it says: passt --foreground --debug';
}

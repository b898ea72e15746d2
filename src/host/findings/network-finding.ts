import type { Finding, Install } from './finding.ts';
import type { PasstFeatures, QemuFeatures, Survey } from '../survey/host.ts';
import { allowNamespaces } from './namespace-settings.ts';
import type { Surroundings } from './surroundings.ts';

/** The finding names slirp's weaker isolation only where slirp is used. */
const SLIRP = 'guests use slirp, which runs inside QEMU and uses the host’s network';

/** Returns the finding about the carrier of guests' packets. */
export function networkFinding(
  { qemu, passt }: Survey,
  surroundings: Surroundings,
  install: Install,
): Finding {
  const item = 'network';
  const hasSlirp = qemu?.netdevs.includes('user') ?? false;
  const instead = hasSlirp ? SLIRP : 'guests have no network';
  const degraded = (why: string, remedy: string): Finding => {
    return { item, state: 'degraded', summary: `${why}; ${instead}`, remedy };
  };
  if (!passt) return degraded('passt is not installed', install('passt'));
  if (passt.problem !== undefined) {
    return degraded(
      `passt does not work here (${passt.problem})`,
      passtRemedy(passt.problem, surroundings, install),
    );
  }
  if (!passt.hasFd) return degraded('this passt does not support --fd', upgrade(install));
  if (!passt.completesHandshakes) {
    return {
      item,
      state: 'degraded',
      summary: `passt (over ${wayOf(passt)}) cannot forward TCP ports to servers that send data first, such as ssh${hasSlirp ? '; named machines, and others with forwarded TCP ports, use slirp instead' : ''}`,
      remedy: `${upgrade(install)}${hasSlirp ? '; or use --net passt if no server in the guest sends data first (web servers do not)' : ''}`,
    };
  }
  return {
    item,
    state: 'works',
    summary: `passt, over ${wayOf(passt)}${hasSlirp ? '; slirp is available too' : ''}`,
  };
}

function upgrade(install: Install): string {
  return `upgrade passt to a release of 2024 or newer: ${install('passt')}`;
}

function wayOf({ hasVhostUser }: PasstFeatures): string {
  return hasVhostUser ? 'vhost-user' : 'a connected socket';
}

/** Returns the finding about networks in which machines reach each other. */
export function privateNetworksFinding({
  netdevs,
  hasStreamReconnect,
}: Pick<QemuFeatures, 'netdevs' | 'hasStreamReconnect'>): Finding {
  const item = 'private-networks';
  const newer = 'use QEMU 8.0 or newer';
  if (!netdevs.includes('stream')) {
    const summary = 'machines cannot reach each other: this QEMU does not support -netdev stream';
    return { item, state: 'degraded', summary, remedy: newer };
  }
  if (!hasStreamReconnect) {
    const summary =
      'machines reach each other by name, but a running machine joins a network only at its next start';
    return { item, state: 'degraded', summary, remedy: `to connect running machines, ${newer}` };
  }
  return { item, state: 'works', summary: 'machines reach each other by name (vmlet network create)' };
}

/** No host keeps its loopback interface to one user, so this is no fault of the host. */
export const FORWARDS: Finding = {
  item: 'forwards',
  state: 'works',
  summary:
    'all users of this host can connect to forwards on 127.0.0.1; only you can connect to a unix socket (-p /path/to.sock:80), and to the agent, which vmlet ssh uses',
};

/** Chooses a remedy by passt's output; the first match wins. */
function passtRemedy(problem: string, { namespaceSettings }: Surroundings, install: Install): string {
  if (/unrecognized option|invalid option/.test(problem)) return upgrade(install);
  if (/user namespace|isolating namespaces|Couldn't .*(?:uid|gid)_map/i.test(problem)) {
    return allowNamespaces(namespaceSettings);
  }
  if (/pivot_root|mount/i.test(problem)) {
    return 'allow passt to mount an empty root directory in this container: podman run --security-opt unmask=ALL, or docker run --security-opt systempaths=unconfined';
  }
  if (/seccomp/i.test(problem)) return 'use a kernel that was built with seccomp';
  if (/open files|RLIMIT_NOFILE|Too many open files/i.test(problem)) {
    return 'raise the limit on open files: ulimit -n 1024';
  }
  if (/shared librar/i.test(problem)) return `reinstall passt: ${install('passt', 'reinstall')}`;
  return 'to see why, run: passt --foreground --debug';
}

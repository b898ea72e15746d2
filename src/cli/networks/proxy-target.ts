import { InvalidInputError, MachineNotFoundError, NetworkNotFoundError } from '../../errors/index.ts';
import { MachineStore, NetworkStore } from '../../machines/index.ts';

const DOMAIN = '.vmlet.localhost';
const NETWORK_MS = 5000;

/** A TCP port of a machine. */
export interface ProxyTarget {
  readonly machine: string;
  readonly port: number;
}

/** A request for a host that is not a machine of vmlet. */
export class ForeignNameError extends InvalidInputError {
  constructor(host: string) {
    super('host', `no machine has the address ${host}`, {
      hint: `use NAME${DOMAIN}:PORT, or NAME.NETWORK:PORT for a machine in a private network; for other hosts, do not use this proxy`,
    });
  }
}

/** The name of a throw-away machine, which only its own process can reach. */
export class ThrowAwayMemberError extends InvalidInputError {
  constructor(name: string, network: string) {
    super(
      'host',
      `member "${name}" of network "${network}" is a throw-away machine, which the proxy cannot reach`,
      {
        hint: `create a named machine instead: vmlet create NAME --network ${network}`,
      },
    );
  }
}

/**
 * Finds the machine of an authority such as `web.vmlet.localhost:8080` or `db.lan`.
 * @param defaultPort of the scheme; NaN where a port is required.
 * @throws ForeignNameError, ThrowAwayMemberError, MachineNotFoundError
 */
export async function findTarget(authority: string, defaultPort: number): Promise<ProxyTarget> {
  const [, name = '', digits] = /^([a-z0-9.-]+?)\.?(?::(\d{1,5}))?$/i.exec(authority) ?? [];
  const host = name.toLowerCase();
  const port = digits === undefined ? defaultPort : Number(digits);
  if (!(port >= 1 && port <= 65_535)) throw new ForeignNameError(authority);
  if (host.endsWith(DOMAIN)) return { machine: machineNamed(host.slice(0, -DOMAIN.length), host), port };
  const dot = host.indexOf('.');
  if (dot < 1) throw new ForeignNameError(host);
  return { machine: await memberNamed(host.slice(0, dot), host.slice(dot + 1), host), port };
}

function machineNamed(label: string, host: string): string {
  const names = new MachineStore().names();
  const found = names.find((name) => name.toLowerCase() === label);
  if (found !== undefined) return found;
  if (label.includes('.') || label === '') throw new ForeignNameError(host);
  throw new MachineNotFoundError(label);
}

async function memberNamed(label: string, network: string, host: string): Promise<string> {
  const store = new NetworkStore();
  if (!store.names().includes(network)) throw new ForeignNameError(host);
  try {
    const { members } = await store.get(network, { timeoutMs: NETWORK_MS });
    const member = members.find(
      ({ name, alias }) => name.toLowerCase() === label || alias?.toLowerCase() === label,
    );
    if (member && !isNamedMember(member.name, network)) throw new ThrowAwayMemberError(member.name, network);
    if (member) return member.name;
  } catch (error) {
    // It was just removed.
    if (!(error instanceof NetworkNotFoundError)) throw error;
  }
  throw new ForeignNameError(host);
}

/** A named machine outside of the network may have the name of a throw-away machine in it. */
function isNamedMember(name: string, network: string): boolean {
  const store = new MachineStore();
  if (!store.names().includes(name)) return false;
  return (store.get(name).spec.networks ?? []).some((one) => one.network === network);
}

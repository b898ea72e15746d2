import type { Plan } from './plan.ts';

export interface CdromPlan {
  /** Name of the drive; the block node in it is called the same. */
  readonly name: string;
  /** Undefined for an empty drive. */
  readonly path: string | undefined;
  readonly bootIndex: number;
}

/** What a named machine has beside a throw-away one's hardware. */
export interface NamedPlan extends Plan {
  readonly uuid: string;
  /** More monitors, each a path at which one client at a time is served. */
  readonly monitorSockets: readonly string[];
  /** Where QEMU's own guest agent is reached. */
  readonly guestAgentSocket: string;
  /** Where QEMU finds swtpm. */
  readonly tpmSocket: string | undefined;
  /** A screen, a keyboard and a tablet; the screen is shown at this socket. */
  readonly vncSocket: string | undefined;
  readonly cdroms: readonly CdromPlan[];
  /** PCIe ports into which a disk can be plugged while the machine runs. */
  readonly rootPorts: readonly string[];
  /** A bridge of the host's: the tap device is inherited as this descriptor. */
  readonly bridge: { readonly descriptor: number; readonly mac: string } | undefined;
}

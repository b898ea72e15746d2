import type { FuzzTarget } from './target.ts';
import * as c from './targets/c.ts';
import * as files from './targets/files.ts';
import * as grammars from './targets/grammars.ts';
import * as images from './targets/images.ts';
import * as networks from './targets/networks.ts';
import * as seeds from './targets/seeds.ts';
import * as streams from './targets/streams.ts';
import * as switches from './targets/switch.ts';

/** The parsers by their input; those of one input have one row in docs/security-counts.md. */
export const fuzzKinds: Readonly<Record<string, readonly FuzzTarget[]>> = {
  'options of the command: ports, sizes, disks, names, keys, networks': [
    grammars.portTarget,
    grammars.sizeTarget,
    grammars.diskTarget,
    grammars.referenceTarget,
    grammars.keysTarget,
    grammars.subnetTarget,
  ],
  'streams of QMP, the agent, networks and the log of events': [
    streams.qmpFramingTarget,
    streams.losslessTarget,
    streams.frameTarget,
    streams.eventLogTarget,
    networks.ethernetTarget,
  ],
  'disk images, CD images, kernels, FAT, archives and seeds': [
    images.headerTarget,
    images.isoTarget,
    images.kernelTarget,
    images.fatTarget,
    images.cpioTarget,
    seeds.seedTarget,
  ],
  'input of the C programs: the keeper, the agent, the switch': [
    c.keeperJson,
    c.keeperMonitor,
    c.keeperOptions,
    c.agentFrames,
    c.agentFields,
    c.agentCommand,
    c.agentRequests,
    switches.switchFrames,
    switches.switchTable,
    switches.switchRequest,
  ],
  'files of vmlet, damaged or of another version': [
    files.specFile,
    files.runFile,
    files.endFile,
    files.planFile,
    files.snapshotFile,
    files.noteFiles,
    files.templateFile,
    files.imageFile,
    files.surveyFile,
    files.partFile,
    files.catalogueTarget,
  ],
};

export const fuzzTargets: readonly FuzzTarget[] = Object.values(fuzzKinds).flat();

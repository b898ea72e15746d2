import type { FuzzTarget } from './target.ts';
import * as c from './targets/c.ts';
import * as files from './targets/files.ts';
import * as grammars from './targets/grammars.ts';
import * as images from './targets/images.ts';
import * as networks from './targets/networks.ts';
import * as seeds from './targets/seeds.ts';
import * as streams from './targets/streams.ts';
import * as switches from './targets/switch.ts';

export const fuzzTargets: readonly FuzzTarget[] = [
  grammars.portTarget,
  grammars.sizeTarget,
  grammars.diskTarget,
  grammars.referenceTarget,
  grammars.keysTarget,
  grammars.subnetTarget,
  streams.qmpFramingTarget,
  streams.losslessTarget,
  streams.frameTarget,
  streams.eventLogTarget,
  networks.ethernetTarget,
  images.headerTarget,
  images.isoTarget,
  images.kernelTarget,
  images.fatTarget,
  images.cpioTarget,
  seeds.seedTarget,
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
];

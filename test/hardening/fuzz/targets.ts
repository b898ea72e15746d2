import type { FuzzTarget } from './target.ts';
import * as grammars from './targets/grammars.ts';
import * as streams from './targets/streams.ts';

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
];

import { BrokenQemuError } from '../errors/index.ts';
import { probeConfinement } from '../process/probe/confinement-probe.ts';
import { together } from '../util/time/together.ts';
import type { HostPrograms } from './cache.ts';
import type { KvmVerdict, QemuFeatures, Survey } from './survey/host.ts';
import { SURVEY_VERSION } from './survey/survey-version.ts';
import { proveKvm } from './kvm/kvm.ts';
import { probePasst } from './programs/passt.ts';
import { probeQemuImg } from './programs/qemu-img.ts';
import { probeQemu } from './programs/qemu.ts';
import { probeVirtiofsd } from './programs/virtiofsd.ts';
import { surveySchema } from './survey/survey-schema.ts';

/** Probes all programs in parallel. */
export async function takeSurvey(programs: HostPrograms, signal: AbortSignal | undefined): Promise<Survey> {
  const { qemu, qemuImg, passt, virtiofsd, confine } = programs;
  const [ofQemu, ofQemuImg, ofPasst, ofVirtiofsd, confinement] = await together(
    [
      async (either) => askQemuAndKvm(qemu, either),
      async (either) => (qemuImg === undefined ? undefined : probeQemuImg(qemuImg, either)),
      async (either) => (passt === undefined ? undefined : probePasst(passt, either)),
      async (either) => (virtiofsd === undefined ? undefined : probeVirtiofsd(virtiofsd, either)),
      async (either) => probeConfinement(either, confine),
    ],
    signal,
  );
  return surveySchema.parse({
    version: SURVEY_VERSION,
    ...ofQemu,
    qemuImg: ofQemuImg,
    passt: ofPasst,
    virtiofsd: ofVirtiofsd,
    confinement,
  });
}

async function askQemuAndKvm(
  path: string | undefined,
  signal: AbortSignal,
): Promise<Pick<Survey, 'qemu' | 'qemuProblem' | 'accelerator'>> {
  if (path === undefined) {
    const kvm: KvmVerdict = { usable: false, reason: 'QEMU is not installed' };
    return { accelerator: { kvm } };
  }
  let qemu: QemuFeatures;
  try {
    qemu = await probeQemu(path, signal);
  } catch (error) {
    if (!(error instanceof BrokenQemuError)) throw error;
    const kvm: KvmVerdict = { usable: false, reason: `${path} does not work` };
    return { qemuProblem: error.lastWords, accelerator: { kvm } };
  }
  // Not in parallel: the proof uses QEMU's answers, and two busy cores would slow its loop.
  return { qemu, accelerator: { kvm: await proveKvm(qemu, signal) } };
}

import { probeBubblewrap } from './bubblewrap.ts';
import type { HostPrograms } from './cache.ts';
import { type KvmVerdict, SURVEY_VERSION, type Survey } from './host.ts';
import { proveKvm } from './kvm.ts';
import { probePasst } from './passt.ts';
import { probeQemuImg } from './qemu-img.ts';
import { probeQemu } from './qemu.ts';
import { probeSetpriv } from './setpriv.ts';
import { surveySchema } from './survey-schema.ts';

/** Asks every program what it has, all at once. */
export async function takeSurvey(programs: HostPrograms, signal: AbortSignal | undefined): Promise<Survey> {
  const [qemuAndKvm, qemuImg, passt, setpriv, bubblewrap] = await Promise.all([
    askQemuAndKvm(programs.qemu, signal),
    programs.qemuImg === undefined ? undefined : probeQemuImg(programs.qemuImg, signal),
    programs.passt === undefined ? undefined : probePasst(programs.passt, signal),
    programs.setpriv === undefined ? undefined : probeSetpriv(programs.setpriv, signal),
    programs.bubblewrap === undefined ? undefined : probeBubblewrap(programs.bubblewrap, signal),
  ]);
  return surveySchema.parse({
    version: SURVEY_VERSION,
    ...qemuAndKvm,
    qemuImg,
    passt,
    setpriv,
    bubblewrap,
  });
}

async function askQemuAndKvm(
  path: string | undefined,
  signal: AbortSignal | undefined,
): Promise<Pick<Survey, 'qemu' | 'accelerator'>> {
  if (path === undefined) {
    const kvm: KvmVerdict = { usable: false, reason: 'there is no QEMU to try it with' };
    return { accelerator: { kvm } };
  }
  const qemu = await probeQemu(path, signal);
  // After, not beside: the proof uses what QEMU said that it has, and two busy cores would slow its loop.
  return { qemu, accelerator: { kvm: await proveKvm(qemu, signal) } };
}

import { peers, type PeerVersion } from '../../lab/peers.ts';
import type { ShimSupports, ShimUnderTest } from './shim-under-test.ts';

const go: Omit<ShimSupports, 'apiVersions'> = {
  optionsInBootstrapParams: false,
  deletesWhatNeverWas: true,
  deleteRemovesSocket: false,
  removesSocketOfGroup: false,
  createHoldsNobodyUp: false,
  terminalsWithoutStreams: false,
  inheritsDescriptors: true,
  keepsOrderOfEvents: false,
  deliversLastEvents: false,
  exactOom: false,
  survivesSecondStart: true,
  survivesStrayData: true,
  keepsNoDescriptors: true,
  sharesFiles: false,
  writesCriLogs: false,
  strictLoggers: false,
  risingStreams: true,
  answersDeadlines: false,
};

function debian(version: PeerVersion, bootstrapParams: boolean, supports: ShimSupports): ShimUnderTest {
  return { name: `of Debian's containerd ${version}`, binary: peers.shim(version), bootstrapParams, supports };
}

/** The shims that the suite judges: Debian's judge the suite. */
export const shims = {
  '1.6.20': debian('1.6.20', false, {
    ...go,
    apiVersions: [2],
    deletesWhatNeverWas: false,
    removesSocketOfGroup: true,
    keepsNoDescriptors: false,
    risingStreams: false,
  }),
  '1.7.24': debian('1.7.24', true, {
    ...go,
    apiVersions: [2],
    deletesWhatNeverWas: false,
    removesSocketOfGroup: true,
    survivesSecondStart: false,
    survivesStrayData: false,
  }),
  '2.1.9': debian('2.1.9', true, { ...go, apiVersions: [3], survivesSecondStart: false, survivesStrayData: false }),
  gantry: {
    name: 'of Gantry',
    get binary() {
      return peers.gantryShim();
    },
    bootstrapParams: true,
    supports: {
      apiVersions: [2, 3],
      optionsInBootstrapParams: true,
      deletesWhatNeverWas: true,
      deleteRemovesSocket: true,
      removesSocketOfGroup: true,
      createHoldsNobodyUp: true,
      terminalsWithoutStreams: true,
      inheritsDescriptors: false,
      keepsOrderOfEvents: true,
      deliversLastEvents: true,
      exactOom: true,
      survivesSecondStart: true,
      survivesStrayData: true,
      keepsNoDescriptors: true,
      sharesFiles: true,
      writesCriLogs: true,
      strictLoggers: true,
      risingStreams: true,
      answersDeadlines: true,
    },
  },
} as const satisfies Record<PeerVersion | 'gantry', ShimUnderTest>;

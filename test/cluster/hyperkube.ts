// SPDX-License-Identifier: Apache-2.0
import { goComponent } from '../harness/go-component.ts';

const VERSION = 'k8s.io/component-base/version';
const ldflags = [`-X ${VERSION}.gitVersion=v1.34.4`, `-X ${VERSION}.gitMajor=1`, `-X ${VERSION}.gitMinor=34`];

/** The program with all of Kubernetes in it; built where it is not, which takes minutes and the network. */
export function hyperkube(): Promise<string> {
  return goComponent('kubernetes', ldflags.join(' '));
}

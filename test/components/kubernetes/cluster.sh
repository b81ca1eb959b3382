#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A real one-node Kubernetes: etcd, apiserver, controller-manager, scheduler, kubelet, containerd, CNI bridge; ends, with all
# that it started, on SIGTERM. Run it in network and mount namespaces of its own.
#   cluster.sh HYPERKUBE WORK IMAGE.tar NAME    WORK: a folder made anew. NAME: of the image, which is the pause image too.
set -uo pipefail
rm -rf "$2"; mkdir -p "$2/bin"; image=$(realpath "$3"); name=$4
for program in etcd kube-apiserver kube-controller-manager kube-scheduler kubelet kubectl; do ln -s "$(realpath "$1")" "$2/bin/$program"; done
cd "$2"; work=$PWD
PATH=$work/bin:$PATH
sock=$work/run/containerd/containerd.sock
pids=()
start() { local log=$1; shift; "$@" > "$log.log" 2>&1 & pids+=($!); }
stop() {
  trap '' TERM INT
  kill "${pids[@]}" 2>/dev/null; sleep 2; kill -9 "${pids[@]}" 2>/dev/null
  # shims outlive containerd and containers their shims: end those of this socket, then what the pods' cgroups still list
  for p in $(pgrep -f "containerd-shim-runc-v2 .*-address $sock"); do kill -9 "$p"; done
  for f in $(find /sys/fs/cgroup/unified/kubepods -name cgroup.procs 2>/dev/null); do while read -r p; do kill -9 "$p"; done < "$f"; done 2>/dev/null
  sleep 0.5; for h in /sys/fs/cgroup/*/kubepods; do find "$h" -depth -type d -exec rmdir {} \; 2>/dev/null; done
  exit 0
}
trap stop TERM INT
until_ok() { for _ in $(seq 300); do "$@" >/dev/null 2>&1 && return; sleep 0.1; done; echo "gave up waiting for: $*" >&2; stop; }

mount --make-rshared /                        # as on a node with systemd: what mounts do in pods
ip link set lo up; ip link add k0 type bridge; ip addr add 10.99.0.1/24 dev k0; ip link set k0 up
echo 1 > /proc/sys/net/ipv4/ip_forward        # this namespace's own
rm -rf /var/lib/cni/networks/pods
# the kubelet insists on these; show it files that say so and leave the machine's values alone
mkdir pki sysctl cni
for kv in vm/overcommit_memory=1 vm/panic_on_oom=0 kernel/panic=10 kernel/panic_on_oops=1; do
  f=sysctl/$(echo "${kv%=*}" | tr / .); echo "${kv#*=}" > "$f"; mount --bind "$f" "/proc/sys/${kv%=*}"
done
openssl genrsa -out sa.key 2048 2>/dev/null
echo 'admintoken,admin,admin,system:masters' > tokens.csv
cat > kubeconfig <<K
{apiVersion: v1, kind: Config, current-context: x, contexts: [{name: x, context: {cluster: c, user: u}}],
 clusters: [{name: c, cluster: {server: "https://127.0.0.1:443", insecure-skip-tls-verify: true}}], users: [{name: u, user: {token: admintoken}}]}
K
export KUBECONFIG=$work/kubeconfig
start etcd etcd --data-dir etcd --listen-client-urls http://127.0.0.1:12379 --advertise-client-urls http://127.0.0.1:12379 --listen-peer-urls http://127.0.0.1:12380 --unsafe-no-fsync
# the address of the service `kubernetes`, to which pods turn: there is no kube-proxy
ip addr add 10.96.0.1/32 dev lo
start apiserver kube-apiserver --etcd-servers http://127.0.0.1:12379 --cert-dir pki --secure-port 443 --bind-address 0.0.0.0 --advertise-address 10.99.0.1 \
  --token-auth-file tokens.csv --authorization-mode RBAC --service-account-issuer https://k --service-account-key-file sa.key --service-account-signing-key-file sa.key \
  --service-cluster-ip-range 10.96.0.0/16 --kubelet-preferred-address-types InternalIP --allow-privileged
until_ok kubectl get --raw /readyz
start controller-manager kube-controller-manager --kubeconfig kubeconfig --service-account-private-key-file sa.key --use-service-account-credentials=false --leader-elect=false --cert-dir pki --root-ca-file pki/apiserver.crt
start scheduler kube-scheduler --kubeconfig kubeconfig --leader-elect=false --cert-dir pki
cat > containerd.toml <<K
version = 2
root = "$work/containerd"
state = "$work/containerd-state"
[grpc]
  address = "$sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "$name"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$work/cni"
K
cat > cni/10-bridge.conflist <<K
{"cniVersion":"1.0.0","name":"pods","plugins":[{"type":"bridge","bridge":"cni0","isGateway":true,"ipMasq":false,"ipam":{"type":"host-local","ranges":[[{"subnet":"10.244.0.0/24"}]],"routes":[{"dst":"0.0.0.0/0"}]}},{"type":"loopback"}]}
K
start containerd containerd -c containerd.toml
until_ok ctr -a "$sock" version
ctr -a "$sock" -n k8s.io images import "$image" >/dev/null
cat > kubelet.yaml <<K
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
containerRuntimeEndpoint: unix://$sock
cgroupDriver: cgroupfs
failSwapOn: false
failCgroupV1: false
featureGates: {KubeletInUserNamespace: true}
authentication: {anonymous: {enabled: true}, webhook: {enabled: false}}
authorization: {mode: AlwaysAllow}
enforceNodeAllocatable: []
readOnlyPort: 10255
resolvConf: ""
evictionHard: {nodefs.available: "1%", imagefs.available: "1%", memory.available: "100Mi"}
K
start kubelet kubelet --config kubelet.yaml --kubeconfig kubeconfig --hostname-override node1 --node-ip 10.99.0.1 --root-dir "$work/kubelet"
node_ready() { kubectl get node node1 --no-headers | grep -q ' Ready'; }
until_ok node_ready
echo ready
wait

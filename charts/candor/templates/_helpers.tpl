{{/* Names and labels. */}}
{{- define "candor.name" -}}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{- end }}

{{- define "candor.labels" -}}
app.kubernetes.io/part-of: candor
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{ include "candor.selector" . }}
{{- end }}

{{- define "candor.selector" -}}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .name }}
{{- end }}

{{/* The image of the services, by digest if one is given. */}}
{{- define "candor.image" -}}
{{- with .Values.image -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end -}}
{{- end }}

{{/* Pod Security "restricted", and a read-only root filesystem. */}}
{{- define "candor.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ . }}
runAsGroup: {{ . }}
fsGroup: {{ . }}
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "candor.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities: { drop: [ALL] }
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{/* The services, as JSON: the hosts, keys and zone of each from the registry, the rest from the values. */}}
{{- define "candor.services" -}}
{{- $values := .Values.services -}}
{{- $declared := (.Files.Get "files/services.yaml" | fromYaml).services -}}
{{- range $name := keys $values -}}
{{- if not (hasKey $declared $name) -}}
{{- fail (printf "services.%s: there is no such service; there are %s" $name (keys $declared | sortAlpha | join ", ")) -}}
{{- end -}}
{{- end -}}
{{- $found := dict -}}
{{- range $name, $said := $declared -}}
{{- $own := dict "hosts" $said.hosts "keys" $said.keys "routes" ($said.routes | default list) -}}
{{- with $said.zone }}{{ $_ := set $own "zone" . }}{{ end -}}
{{- $_ := set $found $name (mergeOverwrite $own (deepCopy (get $values $name | default dict))) -}}
{{- end -}}
{{- toJson $found -}}
{{- end }}

{{/* The service that a component runs; the listener for inbound mail is a further process of newsletter. */}}
{{- define "candor.serviceOf" -}}{{ ternary "newsletter" .name (eq .name "inbound") }}{{- end }}

{{/* The values of a component: the defaults, overridden by its own; the edge is a component like the others. */}}
{{- define "candor.component" -}}
{{- $services := include "candor.services" .root | fromJson -}}
{{- $own := ternary .root.Values.edge (get $services (include "candor.serviceOf" .)) (eq .name "edge") -}}
{{- $more := ternary (pick .root.Values.inbound "replicas" "maxReplicas" "cpuTarget" "resources") dict (eq .name "inbound") -}}
{{- mergeOverwrite (deepCopy .root.Values.defaults) (deepCopy $own) (deepCopy $more) | toYaml -}}
{{- end }}

{{- define "candor.components" -}}
{{- $services := keys (include "candor.services" . | fromJson) | sortAlpha -}}
{{- concat $services (ternary (list "inbound") list .Values.inbound.enabled) (list "edge") | toJson -}}
{{- end }}

{{- define "candor.port" -}}{{ ternary 8443 8080 (eq .name "edge") }}{{- end }}

{{/* The peers and ports of one part, for NetworkPolicy. */}}
{{- define "candor.egressTo" -}}
{{- $part := .part -}}
{{- if eq $part "edge" }}
- to: [{ podSelector: { matchLabels: { app.kubernetes.io/instance: {{ .root.Release.Name }}, app.kubernetes.io/component: edge } } }]
  ports: [{ port: 8444 }]
{{- else if and .root.Values.dev.enabled (has $part (list "mongo" "rabbitmq" "smtp")) }}
- to: [{ podSelector: { matchLabels: { app.kubernetes.io/instance: {{ .root.Release.Name }}, app.kubernetes.io/component: {{ ternary "mailbox" $part (eq $part "smtp") }} } } }]
  ports: [{ port: {{ get (dict "mongo" 27017 "rabbitmq" 5672 "smtp" 1025) $part }} }]
{{- else }}
{{- $where := get .root.Values.parts $part }}
- ports:
    {{- range $where.ports }}
    - port: {{ . }}
    {{- end }}
  {{- with $where.to }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
{{- end }}

{{/* The graceful stop of the edge: it makes clients reconnect and waits for the requests in progress. */}}
{{- define "candor.edgeDrain" -}}
ask() { exec 3<>/dev/tcp/127.0.0.1/9901; printf '%s HTTP/1.1\r\nHost: admin\r\nConnection: close\r\n\r\n' "$1" >&3; cat <&3; }; {{/**/ -}}
ask 'POST /drain_listeners?graceful&skip_exit'; sleep {{ .Values.drainSeconds }}; {{/**/ -}}
for i in {1..20}; do ask 'GET /stats?filter=(edge|frontend).downstream_rq_active' | grep -q 'active: [1-9]' || exit 0; sleep 1; done
{{- end }}

// The whole system, read top-down: who it is, where things stand, what it reads, what it
// runs on, and who is told when something is wrong.
//
// Subscription scope, since it touches two resource groups: its own, which `azd down`
// removes as a whole, and that of the chat resource, which is there already and stays.
// The event subscription comes last, when the function exists: events.bicep.
//
//   identity   who it is: every role below is this identity's
//   storage    log, archive, control data, dead letters, queues, and the host's own; evidence:
//              how long and how dear; network, and people: who gets in
//   chat       the ACS resource that is read; topic: what it tells; dead-letters and
//              event-queue: where the topic may write
//   monitoring logs, metrics, a workbook; alerts
//   function   the app, and every setting it has
targetScope = 'subscription'

// Where.

@description('Name of this installation; every name is made of it.')
@minLength(1)
@maxLength(32)
param environmentName string

@description('Region of everything but the chat resource and its topic, which are global.')
@minLength(1)
param location string

@description('Resource group of the archiver.')
param resourceGroupName string = 'rg-${environmentName}'

// What is archived.

@description('Name of the ACS resource whose chats are archived.')
@minLength(1)
param acsName string

@description('Resource group of the ACS resource; empty for the archiver\'s own.')
param acsResourceGroupName string = ''

@description('Create the ACS resource. New customers cannot any more since 2026-10-23.')
param createAcs bool = false

@description('Where a new ACS resource keeps its data.')
param acsDataLocation string = 'Europe'

@description('Receive events. Without them (data residency, cost) the sweep asks the readers for their threads: only the latest version of a message is kept then.')
param useEventGrid bool = true

@description('How events arrive: direct, which calls the function, or queue, which puts them on a storage queue: no time limit, bytes untouched, and with useNetworkIsolation an app that nobody reaches from outside.')
@allowed(['direct', 'queue'])
param eventDelivery string = 'direct'

@description('Name of the system topic of the ACS resource, where it has one: there can be only one. It needs a system-assigned identity.')
param systemTopicName string = ''

@description('User ids (8:acs:…) to read threads as, with commas. Needed without events.')
param acsReaderIds string = ''

// When, and as what.

@description('How long a thread must be silent before it is archived.')
param quietFor string = '24h'

@description('When a thread that is never silent is archived all the same.')
param maxOpen string = '7d'

@description('When to look for quiet threads: six fields, from second to weekday.')
param sweepSchedule string = '0 */15 * * * *'

@description('Formats to write, with commas.')
param archiveFormats string = 'json,csv,jsonl,html'

@description('Hosts from which linked files are fetched, with commas; empty for none.')
param fetchLinksFrom string = ''

// How long, and for whom.

@description('Days for which nobody, whoever they are, can change or delete log and archive; 0 for off. Nothing is pruned then, and erasing is refused.')
@minValue(0)
@maxValue(146000)
param immutabilityDays int = 0

@description('When log segments that an archive holds are pruned; 0d for never.')
param logKeep string = '30d'

@description('How long the rendered files of a superseded revision stay.')
param keepSuperseded string = '30d'

@description('For how long snapshots of a thread do, before it is listed whole again.')
param wholePassEvery string = '7d'

@description('Days for which deleted blobs and containers can be brought back.')
@minValue(1)
@maxValue(365)
param softDeleteDays int = 30

@description('Days after which archived files go to the cool tier; 0 for never.')
@minValue(0)
param coolAfterDays int = 30

@description('Days after which archived files go to the cold tier; 0 for never.')
@minValue(0)
param coldAfterDays int = 180

@description('Keep the evidence (log, archive, control data, dead letters, queues) in a storage account that holds nothing else: the host\'s locks and keys and the app\'s package then stand in another.')
param useEvidenceAccount bool = false

@description('Replication of the storage accounts.')
@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_GZRS', 'Standard_RAGRS', 'Standard_RAGZRS'])
param storageSku string = 'Standard_ZRS'

@description('Object id of the Entra group whose members run chat-archive; empty for none. They read and write all that is archived, and nothing that the app runs.')
param operatorGroupId string = ''

@description('Object id of the Entra group whose members read the archive and nothing else; empty for none.')
param auditorGroupId string = ''

@description('Reach storage through private endpoints in a virtual network only.')
param useNetworkIsolation bool = false

// Who looks after it.

@description('Application Insights, a workspace, alerts and a workbook.')
param useMonitoring bool = true

@description('Log who wrote what, besides who deleted it; a kilobyte or so for each write.')
param logStorageWrites bool = true

@description('Who is told when something is wrong; empty for nobody.')
param alertMail string = ''

@description('Days for which logs are kept.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 30

// What it runs on.

@description('Memory of an instance.')
@allowed([512, 2048, 4096])
param instanceMemoryMB int = 2048

@description('Instances at most, of each group of functions.')
@minValue(1)
@maxValue(1000)
param maximumInstanceCount int = 40

@description('Events that one instance takes at once. Python would take one.')
@minValue(1)
@maxValue(1000)
param perInstanceConcurrency int = 64

@description('Instances that always wait for events, at a price; 0 for none.')
@minValue(0)
param alwaysReadyInstances int = 0

var token = toLower(uniqueString(subscription().id, environmentName, location))
var tags = { 'azd-env-name': environmentName }
var isReachable = !(useNetworkIsolation && eventDelivery == 'queue')
var appContainers = ['chat-log', 'chat-archive', 'chat-control']
var hostContainers = ['azure-webjobs-hosts', 'azure-webjobs-secrets', 'app-package']
// Event Grid writes the first, people the second (what a model said): the app neither.
var otherContainers = ['dead-letter', 'chat-insights']
var queueNames = ['threads-to-finalize', 'threads-to-finalize-poison', 'chat-events', 'chat-events-poison']
var acsGroupName = empty(acsResourceGroupName) ? resourceGroupName : acsResourceGroupName

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: resourceGroupName
  location: location
  tags: tags
}

// Who it is: one identity, with which the app reaches everything. There are no keys.
module identity 'identity.bicep' = {
  scope: group
  params: { name: 'id-archiver-${token}', location: location, tags: tags }
}

// Where things stand: log, archive, control data, dead letters, queues.
module storage 'storage.bicep' = {
  scope: group
  params: {
    name: 'st${token}'
    location: location
    tags: tags
    sku: storageSku
    isIsolated: useNetworkIsolation
    softDeleteDays: softDeleteDays
    principalId: identity.outputs.principalId
    appContainers: appContainers
    hostContainers: useEvidenceAccount ? [] : hostContainers
    otherContainers: otherContainers
    queueNames: queueNames
  }
}

// The host's locks and keys, and the package that it runs.
module hostStorage 'storage.bicep' = if (useEvidenceAccount) {
  scope: group
  params: {
    name: 'sthost${token}'
    location: location
    tags: tags
    sku: storageSku
    isIsolated: useNetworkIsolation
    softDeleteDays: softDeleteDays
    principalId: identity.outputs.principalId
    appContainers: []
    hostContainers: hostContainers
    otherContainers: []
    queueNames: []
  }
}

module evidence 'evidence.bicep' = {
  scope: group
  params: {
    storageName: storage.outputs.name
    immutabilityDays: immutabilityDays
    coolAfterDays: coolAfterDays
    coldAfterDays: coldAfterDays
  }
}

module people 'people.bicep' = {
  scope: group
  params: {
    storageName: storage.outputs.name
    operatorGroupId: operatorGroupId
    auditorGroupId: auditorGroupId
    containerNames: concat(appContainers, otherContainers)
    queueNames: queueNames
  }
}

module network 'network.bicep' = if (useNetworkIsolation) {
  scope: group
  params: {
    token: token
    location: location
    tags: tags
    storageId: storage.outputs.id
    hostStorageId: useEvidenceAccount ? (hostStorage.?outputs.id ?? '') : ''
  }
}

// What it reads: the chat resource, and the topic that tells of its events.
module chat 'chat.bicep' = {
  scope: resourceGroup(acsGroupName)
  params: {
    name: acsName
    create: createAcs
    dataLocation: acsDataLocation
    principalId: identity.outputs.principalId
    tags: tags
  }
}

module topic 'topic.bicep' = if (useEventGrid) {
  scope: resourceGroup(acsGroupName)
  params: {
    name: empty(systemTopicName) ? 'evgt-${acsName}' : systemTopicName
    create: empty(systemTopicName)
    acsId: chat.outputs.id
    tags: tags
  }
}

module deadLetters 'dead-letters.bicep' = if (useEventGrid) {
  scope: group
  params: {
    storageName: storage.outputs.name
    principalId: useEventGrid ? (topic.?outputs.principalId ?? '') : ''
  }
}

module eventQueue 'event-queue.bicep' = if (useEventGrid && eventDelivery == 'queue') {
  scope: group
  params: {
    storageName: storage.outputs.name
    principalId: useEventGrid ? (topic.?outputs.principalId ?? '') : ''
  }
}

// Who is told: logs, metrics, alerts, a page that shows how the archive is.
module monitoring 'monitoring.bicep' = if (useMonitoring) {
  scope: group
  params: {
    token: token
    location: location
    tags: tags
    retentionDays: logRetentionDays
    alertMail: alertMail
    principalId: identity.outputs.principalId
    topicId: useEventGrid ? (topic.?outputs.id ?? '') : ''
    storageId: storage.outputs.id
    logsWrites: logStorageWrites
  }
}

// What it runs on, and what it is told.
module function 'function.bicep' = {
  scope: group
  params: {
    token: token
    location: location
    tags: tags
    identityId: identity.outputs.id
    clientId: identity.outputs.clientId
    hostBlobEndpoint: useEvidenceAccount ? (hostStorage.?outputs.blobEndpoint ?? '') : storage.outputs.blobEndpoint
    hostQueueEndpoint: useEvidenceAccount ? (hostStorage.?outputs.queueEndpoint ?? '') : storage.outputs.queueEndpoint
    blobEndpoint: storage.outputs.blobEndpoint
    queueEndpoint: storage.outputs.queueEndpoint
    acsEndpoint: chat.outputs.endpoint
    insightsConnectionString: useMonitoring ? (monitoring.?outputs.connectionString ?? '') : ''
    subnetId: useNetworkIsolation ? (network.?outputs.functionSubnetId ?? '') : ''
    eventDelivery: eventDelivery
    // Only Event Grid calls it, and not where it delivers by queue.
    isReachable: isReachable
    isCalledByEventGrid: useEventGrid && eventDelivery == 'direct'
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    perInstanceConcurrency: perInstanceConcurrency
    alwaysReadyInstances: alwaysReadyInstances
    settings: {
      ACS_READER_IDS: acsReaderIds
      DISCOVER: useEventGrid ? 'off' : 'on'
      SWEEP_SCHEDULE: sweepSchedule
      QUIET_FOR: quietFor
      MAX_OPEN: maxOpen
      KEEP_SUPERSEDED: keepSuperseded
      WHOLE_PASS_EVERY: wholePassEvery
      // What nobody may delete is not pruned: every sweep would be refused.
      LOG_KEEP: immutabilityDays > 0 ? '0d' : logKeep
      ARCHIVE_FORMATS: archiveFormats
      FETCH_LINKS_FROM: fetchLinksFrom
    }
  }
}

// What the hook needs to subscribe, and people to look (`chat-archive doctor` at the topic).
output AZURE_RESOURCE_GROUP string = group.name
output AZURE_FUNCTION_NAME string = function.outputs.name
output AZURE_FUNCTION_ID string = function.outputs.id
output ACS_RESOURCE_GROUP string = acsGroupName
output EVENT_TOPIC_NAME string = useEventGrid ? (topic.?outputs.name ?? '') : ''
output EVENT_TOPIC_ID string = useEventGrid ? (topic.?outputs.id ?? '') : ''
output APP_IS_REACHABLE string = isReachable ? 'yes' : 'no'
output DELIVER_EVENTS_BY string = eventDelivery
output STORAGE_ID string = storage.outputs.id
output ARCHIVE_URL string = '${storage.outputs.blobEndpoint}chat-archive'

// One storage account for log, archive, control data, dead letters, queues and package.
//
// Log and ledger are append blobs: they cannot be tiered, only deleted, and the log prunes
// itself. Archived files are block blobs: they are tiered by the policy below, but not to
// the archive tier, where they could not be read: a new revision reads the one before it.
param name string
param location string
param tags object
param sku string
param isIsolated bool
param immutabilityDays int
param softDeleteDays int
param coolAfterDays int
param coldAfterDays int
param principalId string

// Storage Blob Data Owner: the host keeps its locks and keys here, as its docs ask for.
var blobDataOwner = 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
// Storage Queue Data Contributor: the trigger takes and removes messages and makes the
// poison queue; sweep and ingest put messages on.
var queueDataContributor = '974c5e8b-45b9-4653-ba55-5f855dd0fb88'

var containers = ['chat-log', 'chat-archive', 'chat-control', 'dead-letter', 'app-package']
// Control data is rewritten and dead letters are removed once redelivered: never immutable.
var immutableContainers = immutabilityDays > 0 ? ['chat-log', 'chat-archive'] : []
var cool = coolAfterDays > 0 ? { tierToCool: { daysAfterModificationGreaterThan: coolAfterDays } } : {}
var cold = coldAfterDays > 0 ? { tierToCold: { daysAfterModificationGreaterThan: coldAfterDays } } : {}

resource account 'Microsoft.Storage/storageAccounts@2025-01-01' = {
  // checkov:skip=CKV_AZURE_35:Flex Consumption reaches storage by its public address unless useNetworkIsolation is set, which denies by default
  // checkov:skip=CKV_AZURE_59:as CKV_AZURE_35; nobody gets in without an Entra identity and a role
  // checkov:skip=CKV_AZURE_206:replication is the parameter storageSku, zone-redundant unless asked for otherwise
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: sku }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    // Nobody has a key: whoever reads or writes is somebody, with a role.
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: 'Enabled'
    networkAcls: {
      defaultAction: isIsolated ? 'Deny' : 'Allow'
      // Event Grid writes dead letters, and events to their queue, as a trusted service.
      bypass: 'AzureServices'
    }
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-01-01' = {
  parent: account
  name: 'default'
  properties: {
    deleteRetentionPolicy: { enabled: true, days: softDeleteDays }
    containerDeleteRetentionPolicy: { enabled: true, days: softDeleteDays }
  }
}

resource container 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-01-01' = [
  for one in containers: {
    parent: blobs
    name: one
    properties: { publicAccess: 'None' }
  }
]

// Deploys unlocked, so that it can be tried; locking is a step of its own, and final:
// docs/operations.md. Appending to log and ledger goes on under it.
resource immutable 'Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies@2025-01-01' = [
  for one in immutableContainers: {
    name: '${name}/default/${one}/default'
    dependsOn: [container]
    properties: {
      immutabilityPeriodSinceCreationInDays: immutabilityDays
      allowProtectedAppendWrites: true
    }
  }
]

resource lifecycle 'Microsoft.Storage/storageAccounts/managementPolicies@2025-01-01' = if (coolAfterDays + coldAfterDays > 0) {
  parent: account
  name: 'default'
  dependsOn: [blobs]
  properties: {
    policy: {
      rules: [
        {
          name: 'archived-files'
          enabled: true
          type: 'Lifecycle'
          definition: {
            filters: { blobTypes: ['blockBlob'], prefixMatch: ['chat-archive/thread='] }
            actions: { baseBlob: union(cool, cold) }
          }
        }
      ]
    }
  }
}

resource queues 'Microsoft.Storage/storageAccounts/queueServices@2025-01-01' = {
  parent: account
  name: 'default'
}

resource queue 'Microsoft.Storage/storageAccounts/queueServices/queues@2025-01-01' = [
  for one in ['threads-to-finalize', 'threads-to-finalize-poison', 'chat-events', 'chat-events-poison']: {
    parent: queues
    name: one
  }
]

resource roles 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in [blobDataOwner, queueDataContributor]: {
    scope: account
    name: guid(account.id, principalId, role)
    properties: {
      principalId: principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
    }
  }
]

output id string = account.id
output name string = account.name
output blobEndpoint string = account.properties.primaryEndpoints.blob
output queueEndpoint string = account.properties.primaryEndpoints.queue

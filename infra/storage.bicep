// A storage account, what stands in it, and the app's rights on that: container by container
// and queue by queue, since whoever may write everywhere may also replace the app.
param name string
param location string
param tags object
param sku string
param isIsolated bool
param softDeleteDays int
param principalId string

@description('Containers that the app reads and writes.')
param appContainers array

@description('Containers of the Functions host: its locks and keys, and the package that it runs.')
param hostContainers array

@description('Containers that the app has no business in.')
param otherContainers array

@description('Queues that the app puts on and takes from.')
param queueNames array

// Storage Blob Data Contributor: the app writes, renews and prunes what is its own.
var blobDataContributor = 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
// Storage Blob Data Owner: the host keeps its locks and keys here, as its docs ask for.
var blobDataOwner = 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
// Storage Queue Data Contributor: the trigger takes and removes messages and makes the
// poison queue; sweep and ingest put messages on.
var queueDataContributor = '974c5e8b-45b9-4653-ba55-5f855dd0fb88'

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

resource ofTheApp 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-01-01' = [
  for container in appContainers: {
    parent: blobs
    name: container
    properties: { publicAccess: 'None' }
  }
]

resource ofTheHost 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-01-01' = [
  for container in hostContainers: {
    parent: blobs
    name: container
    properties: { publicAccess: 'None' }
  }
]

resource others 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-01-01' = [
  for container in otherContainers: {
    parent: blobs
    name: container
    properties: { publicAccess: 'None' }
  }
]

resource queueService 'Microsoft.Storage/storageAccounts/queueServices@2025-01-01' = {
  parent: account
  name: 'default'
}

resource queues 'Microsoft.Storage/storageAccounts/queueServices/queues@2025-01-01' = [
  for queue in queueNames: {
    parent: queueService
    name: queue
  }
]

resource appRoles 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (container, index) in appContainers: {
    scope: ofTheApp[index]
    name: guid(account.id, container, principalId, blobDataContributor)
    properties: {
      principalId: principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobDataContributor)
    }
  }
]

resource hostRoles 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (container, index) in hostContainers: {
    scope: ofTheHost[index]
    name: guid(account.id, container, principalId, blobDataOwner)
    properties: {
      principalId: principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobDataOwner)
    }
  }
]

resource queueRoles 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (queue, index) in queueNames: {
    scope: queues[index]
    name: guid(account.id, queue, principalId, queueDataContributor)
    properties: {
      principalId: principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', queueDataContributor)
    }
  }
]

output id string = account.id
output name string = account.name
output blobEndpoint string = account.properties.primaryEndpoints.blob
output queueEndpoint string = account.properties.primaryEndpoints.queue

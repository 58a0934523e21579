// People: nobody may do anything unless a group is named.
param storageName string
param operatorGroupId string
param auditorGroupId string

// Storage Blob Data Contributor: chat-archive redelivers, erases and holds.
var blobDataContributor = 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
// Storage Queue Data Contributor: a backfill puts threads on the queue, status looks at it.
var queueDataContributor = '974c5e8b-45b9-4653-ba55-5f855dd0fb88'
// Storage Blob Data Reader: whoever verifies an archive changes nothing.
var blobDataReader = '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1'

var operatorRoles = empty(operatorGroupId) ? [] : [blobDataContributor, queueDataContributor]

resource account 'Microsoft.Storage/storageAccounts@2025-01-01' existing = {
  name: storageName
}

resource archive 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-01-01' existing = {
  name: '${storageName}/default/chat-archive'
}

resource operators 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in operatorRoles: {
    scope: account
    name: guid(account.id, operatorGroupId, role)
    properties: {
      principalId: operatorGroupId
      principalType: 'Group'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
    }
  }
]

resource auditors 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(auditorGroupId)) {
  scope: archive
  name: guid(archive.id, auditorGroupId, blobDataReader)
  properties: {
    principalId: auditorGroupId
    principalType: 'Group'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobDataReader)
  }
}

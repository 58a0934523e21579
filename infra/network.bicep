// A virtual network in which the app reaches storage through private endpoints.
param token string
param location string
param tags object
param storageId string

@description('Id of the account of the host, where it has one of its own.')
param hostStorageId string

var services = ['blob', 'queue']
var evidenceEndpoints = [
  { name: 'pe-blob-${token}', service: 0, storageId: storageId }
  { name: 'pe-queue-${token}', service: 1, storageId: storageId }
]
var hostEndpoints = [
  { name: 'pe-host-${token}', service: 0, storageId: hostStorageId }
]
var endpoints = concat(evidenceEndpoints, empty(hostStorageId) ? [] : hostEndpoints)

resource network 'Microsoft.Network/virtualNetworks@2025-05-01' = {
  name: 'vnet-${token}'
  location: location
  tags: tags
  properties: {
    addressSpace: { addressPrefixes: ['10.0.0.0/24'] }
    subnets: [
      {
        name: 'function'
        properties: {
          addressPrefix: '10.0.0.0/26'
          delegations: [
            { name: 'flex', properties: { serviceName: 'Microsoft.App/environments' } }
          ]
        }
      }
      {
        name: 'endpoints'
        properties: { addressPrefix: '10.0.0.64/27', privateEndpointNetworkPolicies: 'Enabled' }
      }
    ]
  }
}

resource zone 'Microsoft.Network/privateDnsZones@2024-06-01' = [
  for service in services: {
    name: 'privatelink.${service}.${environment().suffixes.storage}'
    location: 'global'
    tags: tags
  }
]

resource link 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = [
  for (service, index) in services: {
    parent: zone[index]
    name: 'link-${token}'
    location: 'global'
    properties: { registrationEnabled: false, virtualNetwork: { id: network.id } }
  }
]

resource endpoint 'Microsoft.Network/privateEndpoints@2025-05-01' = [
  for wanted in endpoints: {
    name: wanted.name
    location: location
    tags: tags
    properties: {
      subnet: { id: '${network.id}/subnets/endpoints' }
      privateLinkServiceConnections: [
        {
          name: services[wanted.service]
          properties: { privateLinkServiceId: wanted.storageId, groupIds: [services[wanted.service]] }
        }
      ]
    }
  }
]

resource names 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2025-05-01' = [
  for (wanted, index) in endpoints: {
    parent: endpoint[index]
    name: 'default'
    properties: {
      privateDnsZoneConfigs: [
        { name: services[wanted.service], properties: { privateDnsZoneId: zone[wanted.service].id } }
      ]
    }
  }
]

output functionSubnetId string = '${network.id}/subnets/function'
